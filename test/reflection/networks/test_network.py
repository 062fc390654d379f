"""The paper's encoder-decoder, the projection before it, and the surface that ours estimates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")

from ddff_perception.optics.fresnel import mixing_coefficient, pane_reflectances
from ddff_perception.optics.polarization import canonical_images as reference
from ddff_perception.optics.polarization import stokes_from_images
from ddff_perception.reflection.networks.blending import (
    DirectNetwork,
    PaperNetwork,
    Separation,
    SurfaceNetwork,
    canonical_images,
    half_stokes,
)
from ddff_perception.reflection.networks.encoder_decoder import EncoderDecoder
from ddff_perception.reflection.networks.geometry import (
    cell_places,
    hypothesis_weights,
    polarized_light,
    unmixed,
)
from ddff_perception.reflection.training.losses import layer_losses
from ddff_perception.training.weights import load_weights, start_weights

# Appendix B of the thesis: channels and the share of the images' size after each block.
LAYERS = {
    "prologue": (15, 1),
    "block1": (32, 2),
    "block1b": (32, 2),
    "block2": (64, 4),
    "block2b": (64, 4),
    "block3": (128, 8),
    "block3b": (128, 8),
    "block4": (64, 4),
    "block4b": (64, 4),
    "block5": (32, 2),
    "block5b": (32, 2),
    "block6": (16, 1),
    "epilogue1": (16, 1),
    "epilogue2": (16, 1),
    "epilogue3": (8, 1),
}


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def test_the_layers_of_the_paper():
    network, shapes = EncoderDecoder(), {}
    for name, layer in network.named_children():
        layer.register_forward_hook(
            lambda _, __, found, name=name: shapes.update({name: tuple(found.shape)})
        )
    network(torch.zeros(2, 15, 48, 64))
    expected = {name: (2, c, 48 // s, 64 // s) for name, (c, s) in LAYERS.items()}
    assert shapes == expected


def test_the_parameters_of_the_paper():
    assert parameters(EncoderDecoder()) == 1_720_992
    assert parameters(PaperNetwork()) == 1_720_992
    # The ablation sees nine channels: 6 fewer in the prologue (15 filters) and epilogue (16).
    assert parameters(DirectNetwork()) == 1_720_992 - 6 * 9 * (15 + 16)


def test_the_parameters_of_the_surface_network():
    assert parameters(SurfaceNetwork()) == 1_112_500


def test_transposed_convolutions_have_even_kernels_against_checkerboards():
    kernels = [
        layer.kernel_size
        for layer in EncoderDecoder().modules()
        if isinstance(layer, torch.nn.ConvTranspose2d)
    ]
    assert kernels == [(4, 4)] * 5


@pytest.mark.parametrize(
    "angles", [(0, 45, 90), (90, 0, 45), (0, 45, 90, 135), (10, 47, 101, 133, 170)]
)
def test_the_projection_is_the_least_squares_one_for_any_angles(angles):
    images = np.random.default_rng(0).random((len(angles), 3, 8, 16)).astype(np.float32)
    found = half_stokes(torch.from_numpy(images), torch.tensor(angles, dtype=torch.float32))
    planes = [np.ascontiguousarray(np.moveaxis(image, 0, 2)) for image in images]
    stokes = stokes_from_images(planes, angles)
    for half, whole in zip(found, (stokes.s0, stokes.s1, stokes.s2), strict=True):
        np.testing.assert_allclose(2 * half[0].permute(1, 2, 0), whole, atol=3e-6)
    across, along = canonical_images(found)
    exact = reference(planes, angles)
    np.testing.assert_allclose(across[0].permute(1, 2, 0), exact.perpendicular, atol=1e-5)
    np.testing.assert_allclose(along[0].permute(1, 2, 0), exact.parallel, atol=1e-5)


def test_closed_gates_leave_the_canonical_images():
    network = PaperNetwork().eval()
    last = network.trunk.epilogue3
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0.0, 0, 0, 0, 0, 0, -40, -40]))
        stokes = 0.3 * torch.rand(3, 1, 3, 16, 24)
        across, along = canonical_images(stokes)
        transmission, reflection = network(stokes)
    torch.testing.assert_close(transmission, along)
    torch.testing.assert_close(reflection, across)


def test_open_gates_leave_the_estimates_with_the_biases_of_the_paper():
    network = PaperNetwork().eval()
    last = network.trunk.epilogue3
    with torch.no_grad():
        last.weight.zero_()
        last.bias.copy_(torch.tensor([2.0, 2, 2, 5, 5, 5, 40, 40]))
        transmission, reflection = network(0.3 * torch.rand(3, 1, 3, 16, 24))
    torch.testing.assert_close(transmission, torch.full_like(transmission, 0.5))
    torch.testing.assert_close(reflection, torch.full_like(reflection, 0.5))


def mixture(incidence_deg, axis_deg, seed=0):
    """Half Stokes parameters of two random layers behind a pane, and the layers."""
    rng = np.random.default_rng(seed)
    behind, before = rng.random((2, 1, 64, 64))
    shares = pane_reflectances(incidence_deg)
    images = []
    for polarizer in (0.0, 45.0, 90.0):
        alpha = mixing_coefficient(shares, axis_deg, polarizer)
        images.append(0.5 * ((1 - alpha) * behind + alpha * before))
    stokes = half_stokes(torch.tensor(np.array(images)), torch.tensor([0.0, 45, 90]).double())
    mean = (shares[0] + shares[1]) / 2
    return stokes.float(), 0.5 * (1 - mean) * behind, 0.5 * mean * before, shares


@pytest.mark.parametrize("axis_deg", [0.0, 20.0, 90.0, 130.0])
@pytest.mark.parametrize("incidence_deg", [35.0, 56.0, 75.0])
def test_the_true_surface_unmixes_exactly(incidence_deg, axis_deg):
    stokes, _, reflection, (a, b) = mixture(incidence_deg, axis_deg)
    light = polarized_light(stokes)
    # Where phi_perp lies from the axis that the network takes, as a double angle.
    found = np.arctan2(*light.axis[0].flip(0).numpy())
    turn = 2 * np.radians(axis_deg) - found
    share = (a + b) / 2
    gain = share * (1 - share) * 2 / (a - b)
    maps = [share, gain * np.cos(turn), gain * np.sin(turn), 0.0, 0.0]
    surface = torch.tensor(maps, dtype=torch.float32)[None, :, None, None].expand(1, 5, 8, 8)
    unmixed_layer = unmixed(light, surface) * light.scale
    np.testing.assert_allclose(unmixed_layer[0], reflection, atol=2e-4)


def test_layers_of_the_surface_network_add_up_before_it_learns_and_are_never_negative():
    stokes = 0.4 * torch.rand(3, 2, 3, 64, 72)
    stokes[1:] *= 0.3
    network = SurfaceNetwork()
    with torch.no_grad():
        found = network.stages(stokes)
        torch.testing.assert_close(found.transmission + found.reflection, stokes[0])
        torch.testing.assert_close(found.reflection, found.unmixed)
        torch.nn.init.normal_(network.refinement.leave.weight)
        layers = network(stokes)
    assert all(layer.min() >= 0 for layer in layers)


@pytest.mark.parametrize(
    "stokes",
    [
        torch.zeros(3, 1, 1, 64, 64),
        torch.cat([torch.full((1, 1, 1, 64, 64), 0.4), torch.zeros(2, 1, 1, 64, 64)]),
        torch.rand(3, 1, 1, 64, 64),
    ],
    ids=["dark", "even", "noise"],
)
def test_no_image_makes_gradients_that_are_not_finite(stokes):
    torch.manual_seed(0)
    network = SurfaceNetwork()
    torch.nn.init.normal_(network.refinement.leave.weight, std=0.1)
    torch.nn.init.normal_(network.surface.head.weight, std=0.1)
    batch = {
        "stokes": stokes.transpose(0, 1),
        "transmission": stokes[0],
        "reflection": torch.zeros_like(stokes[0]),
        "share": torch.full((1, 1, 64, 64), 0.1),
    }
    layer_losses("logarithmic")(network, batch)["loss"].backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())


def test_grey_images_and_three_equal_channels_give_one_result():
    network = SurfaceNetwork().eval()
    grey = mixture(60.0, 30.0)[0]
    with torch.no_grad():
        first = network(grey)[1]
        second = network(grey.expand(-1, -1, 3, -1, -1).contiguous())[1]
    torch.testing.assert_close(second, first.expand(-1, 3, -1, -1), atol=2e-4, rtol=1e-3)


def test_training_begins_with_the_weights_of_the_model_that_ships():
    network = SurfaceNetwork().eval()
    file = start_weights(Path("surface"))
    load_weights(network, file)
    rng = np.random.default_rng(3)
    layers = rng.random((2, 8, 8), dtype=np.float32).repeat(8, axis=1).repeat(8, axis=2)
    images = np.stack([0.4 * layers[0] + share * layers[1] for share in (0.1, 0.3, 0.5)])[:, None]
    angles = np.array([0.0, 45.0, 90.0], np.float32)
    with torch.no_grad():
        found = Separation(network)(torch.from_numpy(images), torch.from_numpy(angles))
    shipped = ort.InferenceSession(file.parent / "reflection_surface.onnx")
    wanted = shipped.run(None, {"images": images, "angles_deg": angles})
    for layer, expected in zip(found, wanted, strict=True):
        np.testing.assert_allclose(layer.numpy(), expected, atol=1e-5)
        assert expected.std() > 0.01


def test_a_few_cells_take_the_axis_that_those_around_vote_for():
    score = torch.zeros(1, 6, 16, 20)
    score[:, 1] = 3.0
    score[:, 4, 4:6, :3] = 6.0
    weights = hypothesis_weights(score)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(1, 16, 20))
    assert weights[:, :3].sum(dim=1).min() > 0.99
    assert weights[0, 1, 10, 10] > 0.8


def test_two_surfaces_in_a_view_have_an_axis_each():
    score = torch.zeros(1, 6, 16, 32)
    score[:, 1, :, :16] = 3.0
    score[:, 4, :, 16:] = 3.0
    first = hypothesis_weights(score)[0, :3].sum(dim=0)
    assert first[:, :8].min() > 0.99
    assert first[:, 24:].max() < 0.01
    assert (first.diff(dim=1) <= 1e-6).all()


def test_where_no_glass_is_seen_nothing_is_reflected():
    network = SurfaceNetwork().eval()
    stokes = mixture(60.0, 20.0)[0]
    with torch.no_grad():
        assert network.stages(stokes).unmixed.mean() > 0.05
        network.surface.absence.bias.fill_(40.0)
        stages = network.stages(stokes)
    torch.testing.assert_close(stages.unmixed, torch.zeros_like(stages.unmixed))
    torch.testing.assert_close(stages.transmission, stokes[0], atol=1e-3, rtol=0)


def test_places_of_cells_turn_with_the_axis_of_polarization():
    like = torch.zeros(1, 2, 12, 20)
    level = cell_places(torch.tensor([[1.0, 0.0]]), like)[0]
    np.testing.assert_allclose(level[0], np.tile(np.arange(-19, 20, 2) / 20, (12, 1)), atol=1e-6)
    np.testing.assert_allclose(level[1, :, 3], np.arange(-11, 12, 2) / 20, atol=1e-6)
    diagonal = cell_places(torch.tensor([[0.0, 1.0]]), like)[0]
    np.testing.assert_allclose(diagonal[0], (level[0] + level[1]) / 2**0.5, atol=1e-6)
    np.testing.assert_allclose(diagonal.mean(dim=(1, 2)), np.zeros(4), atol=1e-6)
