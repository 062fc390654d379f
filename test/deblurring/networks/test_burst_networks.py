"""FourierNet and RDN as the thesis lists them, their ablations, and BurstStream."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from ddff_perception.deblurring.networks.ablations import (
    BatchMerged,
    GruCell,
    LstmCell,
    Recurrent,
    SingleImage,
    Stacked,
)
from ddff_perception.deblurring.networks.burst_stream import (
    BurstStream,
    WholeBurst,
    moved,
    warped,
)
from ddff_perception.deblurring.networks.fourier_net import (
    Fourier,
    FourierNet,
    deblurred,
    hermitian,
    repeated,
)
from ddff_perception.deblurring.networks.rdn import (
    Blend,
    DeblurBlock,
    Norm,
    Rdn,
    multi_scale,
    rolled_out_loss,
)

torch.manual_seed(0)


def count(module, kind=torch.nn.Module) -> int:
    """Parameters of the layers of that kind."""
    held = [m for m in module.modules() if isinstance(m, kind)]
    return sum(p.numel() for m in held for p in m.parameters(recurse=False))


CONVOLUTIONS = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)


def test_the_deblur_block_has_the_parameters_of_the_thesis() -> None:
    block = DeblurBlock()
    assert count(block, CONVOLUTIONS) == 3_664_523
    assert count(DeblurBlock(temporal=False), CONVOLUTIONS) == 3_492_043
    # Scale and shift of the normalizations come on top.
    assert count(block) == 3_664_523 + count(block, Norm)


def test_the_deblur_block_has_the_layers_of_the_thesis() -> None:
    block = DeblurBlock()
    shapes: list[tuple[int, ...]] = []
    for module in block.modules():
        if isinstance(module, CONVOLUTIONS):
            module.register_forward_hook(lambda _, __, found: shapes.append(tuple(found.shape[1:])))
    x = torch.rand(1, 3, 16, 24)
    _, features = block(x, x)
    full, half, quarter, eighth = (16, 24), (8, 12), (4, 6), (2, 3)
    wanted = [(32, *full), *[(64, *half)] * 8, *[(128, *quarter)] * 4, *[(256, *eighth)] * 4]
    wanted += [
        *[(128, *quarter)] * 4,
        *[(64, *half)] * 4,
        *[(64, *full)] * 3,
        (6, *full),
        (3, *full),
    ]
    assert shapes == wanted
    assert [tuple(f.shape[1:]) for f in features] == [(256, *eighth), (128, *quarter), (64, *half)]


def test_the_norm_is_the_batchs_own_in_evaluation_too() -> None:
    norm = Norm(3)
    values = torch.randn(2, 3, 8, 8) * 5 + 2
    wanted = torch.nn.functional.batch_norm(values, None, None, training=True)
    for module in (norm.train(), norm.eval()):
        torch.testing.assert_close(module(values), wanted, atol=1e-5, rtol=1e-5)


def test_links_can_be_added_to_a_block_that_was_trained_without_them() -> None:
    bare, linked = DeblurBlock(16, temporal=False), DeblurBlock(16)
    missing, unexpected = linked.load_state_dict(bare.state_dict(), strict=False)
    assert not unexpected and all(name.startswith("blends") for name in missing)
    x, y = torch.rand(2, 1, 3, 16, 16)
    first, features = linked(x, y)
    torch.testing.assert_close(first, bare(x, y)[0])
    second = linked(x, first, features)[0]
    assert (second - bare(x, first)[0]).abs().max() < 0.2
    blend, values = Blend(4), torch.randn(1, 4, 3, 3)
    assert blend(values, None) is values


def test_rdn_takes_any_number_of_frames_and_each_turn_is_supervised() -> None:
    network = Rdn(16)
    for frames in (1, 2, 5, 7):
        assert network(torch.rand(1, frames, 3, 16, 16)).shape == (1, max(frames - 1, 1), 3, 16, 16)
    frames, sharp = torch.rand(2, 5, 3, 16, 16), torch.rand(2, 3, 16, 16)
    turns = [((e - sharp) ** 2).mean() for e in network(frames).unbind(1)]
    torch.testing.assert_close(rolled_out_loss(network, frames, sharp), torch.stack(turns).sum())


def test_a_longer_roll_out_begins_as_the_shorter_one() -> None:
    network, frames = Rdn(16).eval(), torch.rand(1, 5, 3, 16, 16)
    torch.testing.assert_close(network(frames)[:, :2], network(frames[:, :3]))


@pytest.mark.parametrize("scales", [1, 2, 3])
def test_scales_go_from_coarse_to_fine(scales: int) -> None:
    network, frames = Rdn(16).eval(), torch.rand(1, 3, 3, 64, 96)
    assert multi_scale(network, frames, scales).shape == (1, 3, 64, 96)


@pytest.mark.parametrize(
    "network",
    [
        Stacked(16),
        SingleImage(16),
        BatchMerged(16),
        Recurrent(16, GruCell),
        Recurrent(16, LstmCell),
    ],
    ids=["stacked", "single", "batch", "gru", "lstm"],
)
def test_ablations_take_what_rdn_takes(network) -> None:
    for frames in (1, 3, 5):
        found = network(torch.rand(2, frames, 3, 16, 24))
        assert found.shape[0] == 2 and found.shape[2:] == (3, 16, 24)
    found.sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_the_transform_is_the_discrete_fourier_transform() -> None:
    for size in (17, 33):
        patches = torch.rand(2, 3, size, size, dtype=torch.float64)
        transform = Fourier(size).double()
        spectra = transform(patches)
        wanted = np.fft.fftshift(np.fft.fft2(patches.numpy()), axes=(-2, -1)) / size
        np.testing.assert_allclose(spectra[..., 0, :, :], wanted.real, atol=1e-5)
        np.testing.assert_allclose(spectra[..., 1, :, :], wanted.imag, atol=1e-5)
        torch.testing.assert_close(transform.inverse(spectra), patches, atol=1e-5, rtol=0)


def test_4225_coefficients_are_the_spectrum_of_a_real_patch() -> None:
    spectrum = hermitian(torch.randn(65 * 65))
    whole = torch.complex(*spectrum)
    torch.testing.assert_close(whole, whole.flip(-1, -2).conj())
    assert torch.fft.ifft2(torch.fft.ifftshift(whole)).imag.abs().max() < 1e-5


def test_fourier_net_has_the_sizes_of_the_paper() -> None:
    network = FourierNet(encoding=256)
    patches = torch.rand(2, 14, 65, 65)
    bands = network.bands(patches)
    assert [tuple(b.shape) for b in bands] == [(2, 14, 2, n, n) for n in (9, 17, 33, 65)]
    assert network.filter_coefficients(bands).shape == (2, 14, 4225)
    assert network(patches).shape == (2, 33, 33)
    assert FourierNet.__init__.__defaults__ == (14, 4096)


def test_fourier_net_begins_as_the_mean_of_the_frames() -> None:
    patches = torch.rand(1, 14, 65, 65)
    found = FourierNet(encoding=64)(patches)
    torch.testing.assert_close(found, patches[..., 16:49, 16:49].mean(1), atol=1e-4, rtol=0)


def test_patches_are_blended_without_seams_and_short_bursts_repeat() -> None:
    network = FourierNet(burst=4, encoding=32).eval()
    burst = torch.rand(3, 70, 81)
    with torch.no_grad():
        found = deblurred(network, burst, stride=9)
    wanted = repeated(burst, 4).mean(0)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=0)
    assert repeated(burst, 14).shape[0] == 14


def apart(shift: float) -> torch.Tensor:
    matrix = torch.eye(3)
    matrix[0, 2] = shift
    return matrix


def test_burst_stream_is_small_and_begins_as_its_base() -> None:
    stream = BurstStream()
    assert count(stream) < 1_000_000
    frames = torch.rand(2, 3, 3, 32, 48)
    found = WholeBurst(stream)(frames, torch.eye(3).expand(2, 2, 3, 3))
    torch.testing.assert_close(found.image, frames[:, 0])
    base = torch.rand(2, 3, 32, 48)
    begun = WholeBurst(stream)(frames, torch.eye(3).expand(2, 2, 3, 3), base)
    torch.testing.assert_close(begun.image, base)
    assert found.confidence.shape == (2, 1, 32, 48) and found.confidence.min() > 0


def trained(width: int = 9) -> BurstStream:
    """Weights that do something."""
    torch.manual_seed(1)
    stream = BurstStream(width).eval()
    torch.nn.init.normal_(stream.fuse.out.weight, std=0.05)
    return stream


def test_streaming_equals_the_whole_burst() -> None:
    stream, frames = trained(), torch.rand(1, 5, 3, 32, 48)
    matrices = torch.stack([apart(float(n)) for n in range(4)])[None]
    base = torch.rand(1, 3, 32, 48)
    whole = WholeBurst(stream)(frames, matrices, base)
    planes = []
    for n in range(1, 5):
        frame, lies, none = frames[:, n], torch.eye(3)[None, None], torch.zeros(1, 1)
        plane = stream(frame, frame, frame[None], frame[None, :, :1], lies, none).plane
        planes.append(warped(plane, matrices[:, n - 1]))
    laid = torch.stack([warped(frames[:, n], matrices[:, n - 1]) for n in range(1, 5)], dim=1)
    valid = torch.ones(1, 4)
    last = stream(frames[:, 0], base, laid, torch.stack(planes, dim=1), matrices, valid)
    assert (last.image - whole.image).abs().max() < 1e-4
    assert (whole.image - base).abs().max() > 1e-3


def test_one_frame_alone_is_as_one_beside_others_that_do_not_count() -> None:
    stream, frames = trained(), torch.rand(1, 4, 3, 32, 48)
    alone = WholeBurst(stream)(frames[:, :1], torch.zeros(1, 0, 3, 3)).image
    matrices = torch.eye(3).expand(1, 3, 3, 3)
    for planes in (stream.encode(frames[0, 1:])[1][None], torch.rand(1, 3, 1, 32, 48)):
        newest, none = frames[:, 0], torch.zeros(1, 3)
        found = stream(newest, newest, frames[:, 1:], planes, matrices, none).image
        torch.testing.assert_close(found, alone)


def test_the_order_of_the_others_does_not_matter() -> None:
    stream, frames = trained(), torch.rand(1, 4, 3, 32, 48)
    matrices = torch.stack([apart(float(n)) for n in range(3)])[None]
    order = [2, 0, 1]
    whole = WholeBurst(stream)(frames, matrices).image
    turned = WholeBurst(stream)(frames[:, [0, 3, 1, 2]], matrices[:, order]).image
    torch.testing.assert_close(turned, whole, atol=1e-5, rtol=0)


def test_what_lies_outside_a_frame_is_not_taken_from_it() -> None:
    stream, frames = trained(), torch.rand(1, 2, 3, 32, 48)
    found = WholeBurst(stream)(frames, apart(100.0)[None, None]).image
    alone = WholeBurst(stream)(frames[:, :1], torch.zeros(1, 0, 3, 3)).image
    torch.testing.assert_close(found, alone)


@pytest.mark.parametrize("shift", [0.0, 8.0, 3.0])
def test_another_frame_is_seen_through_the_homography_pixel_by_pixel(shift: float) -> None:
    image = torch.rand(1, 4, 32, 48)
    seen = warped(image, apart(shift)[None])
    end = 48 - int(shift)
    torch.testing.assert_close(seen[..., :end], image[..., int(shift) :], atol=1e-5, rtol=0)
    motion = moved(apart(shift)[None], torch.zeros(1, 1, 8, 12))
    torch.testing.assert_close(motion[0, 0], torch.full((8, 12), shift))
