import torch
from torch.nn import functional

from ddff_perception.depth_from_focus.networks.convgru import ATROUS_RATES, AtrousPyramid, ConvGRU


def naive(gru: ConvGRU, features: torch.Tensor) -> torch.Tensor:
    """Equations (2) to (5), slice by slice, from the weights of a plain ConvGRU."""
    slice_part, state_part = gru.gates_of_slice, gru.gates_of_state
    state = torch.zeros(features.shape[0], gru.hidden, *features.shape[-2:])
    for number in range(features.shape[1]):
        x = features[:, number]
        gates = functional.conv2d(
            torch.cat([x, state], 1),
            torch.cat([slice_part.weight, state_part.weight], 1),
            slice_part.bias,
            padding=1,
        )
        r, z = torch.sigmoid(gates).chunk(2, 1)
        fresh = functional.conv2d(
            x, gru.candidate_of_slice.weight, gru.candidate_of_slice.bias, padding=1
        )
        n = torch.tanh(
            fresh + functional.conv2d(r * state, gru.candidate_of_state.weight, padding=1)
        )
        state = (1 - z) * state + z * n
    return state


def test_the_plain_gru_is_the_paper_s_equations():
    torch.manual_seed(1)
    gru = ConvGRU(3, 5, rates=(1,))
    features = torch.randn(2, 4, 3, 9, 11)
    with torch.no_grad():
        states = gru(features)
        torch.testing.assert_close(states[:, -1], naive(gru, features), atol=1e-5, rtol=1e-5)
    assert states.shape == (2, 4, 5, 9, 11)
    assert states.abs().max() < 1


def test_the_pyramid_sees_five_pixels_in_eight_directions_and_nothing_between():
    pyramid = AtrousPyramid(1, 1, ATROUS_RATES, bias=False)
    with torch.no_grad():
        for branch in pyramid.branches:
            branch.weight.fill_(1.0)
        pyramid.fuse.weight.fill_(1.0)
        impulse = torch.zeros(1, 1, 13, 13)
        impulse[0, 0, 6, 6] = 1.0
        seen = pyramid(impulse)[0, 0]
    wanted = torch.zeros(13, 13)
    for rate in (1, 3, 5):
        wanted[6 - rate : 7 + rate : rate, 6 - rate : 7 + rate : rate] += 1.0
    torch.testing.assert_close(seen, wanted)


def test_states_of_a_longer_sweep_begin_with_those_of_a_shorter_one():
    torch.manual_seed(2)
    gru = ConvGRU(3, 4)
    features = torch.randn(1, 6, 3, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(gru(features)[:, :4], gru(features[:, :4]))
