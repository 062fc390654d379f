from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import (
    ExportedNetworkTests,
    NetworkTests,
    outputs,
    parameter_count,
    stack_batch,
    trained_statistics,
)

from ddff_perception.depth_from_focus.networks.common import sharpest_composite
from ddff_perception.depth_from_focus.networks.dynamic_fusion import (
    CORRELATIONS,
    LIGHT_SETTINGS,
    PAPER_SETTINGS,
    DynamicFusionNet,
)
from ddff_perception.depth_from_focus.networks.pixel_adaptive import FUSIONS
from ddff_perception.depth_from_focus.training.papers_onnx import stack_file
from ddff_perception.training.onnx_file import write_onnx
from ddff_perception.types import InputError

SMALL = replace(LIGHT_SETTINGS, encoder_width=0.125, focal_channels=8, fused_channels=8)
# As printed: full resolution, one fused map, and only image features convolved.
PRINTED = replace(SMALL, focal_stride=1, fused_channels=1, focus_in_input=False, focal_channels=4)


class TestLight(ExportedNetworkTests):
    slices = None

    def make(self):
        return DynamicFusionNet(SMALL)


class TestAsPrinted(NetworkTests):
    slices = None

    def make(self):
        return DynamicFusionNet(PRINTED)


class TestConcatenation2DCNN(NetworkTests):
    def make(self):
        settings = replace(SMALL, correlation="cnn2d", fusion="concatenation")
        return DynamicFusionNet(settings, slices=4)


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_ablation_runs_and_trains_all_of_itself(correlation, fusion):
    torch.manual_seed(0)
    network = DynamicFusionNet(replace(SMALL, correlation=correlation, fusion=fusion), slices=3)
    batch = stack_batch(3)
    network(batch["images"], batch["dioptres"])["position"].square().sum().backward()
    assert [n for n, p in network.named_parameters() if p.grad is None] == []


def test_the_paper_s_settings_are_the_paper_s():
    assert PAPER_SETTINGS.encoder == "legacy_senet154"
    assert PAPER_SETTINGS.correlation == "pyramid_gru"
    assert PAPER_SETTINGS.fusion == "dynamic"
    assert not PAPER_SETTINGS.focus_in_input
    assert PAPER_SETTINGS.fused_channels == 1
    assert DynamicFusionNet(SMALL).slices is None


def test_the_light_network_is_light():
    assert parameter_count(DynamicFusionNet(LIGHT_SETTINGS)) < 600_000


def test_there_are_four_convolutions_of_five_by_five_per_slice_and_two_that_refine():
    network = DynamicFusionNet(SMALL)
    first = [m for m in network.focal_stream.per_slice.modules() if hasattr(m, "kernel_size")]
    assert [m.kernel_size for m in first] == [(5, 5)] * 4
    last = [m for m in network.refine.modules() if hasattr(m, "kernel_size")]
    assert len(last) == 2
    assert last[-1].out_channels == 1


def test_the_order_of_the_slices_matters_to_the_gru():
    network = trained_statistics(DynamicFusionNet(SMALL), 5)
    batch = stack_batch(5)
    turned = batch | {"images": batch["images"].flip(1)}
    difference = outputs(network, batch)["position"] - outputs(network, turned)["position"]
    assert difference.abs().max() > 1e-3


def test_a_given_image_takes_the_place_of_the_composite():
    network = trained_statistics(DynamicFusionNet(SMALL), 4)
    batch = stack_batch(4, 50, 70)
    composite = sharpest_composite(batch["images"])
    with torch.no_grad():
        own = network(batch["images"], batch["dioptres"])["position"]
        given = network(batch["images"], batch["dioptres"], composite)["position"]
        other = network(batch["images"], batch["dioptres"], 1 - composite)["position"]
    inner = (..., slice(0, 24), slice(0, 40))
    torch.testing.assert_close(own[inner], given[inner], atol=2e-2, rtol=2e-2)
    assert (own - other).abs().max() > 1e-3


def test_the_composite_takes_each_half_from_its_sharpest_slice():
    batch = stack_batch(7)
    composite = sharpest_composite(batch["images"])
    sharpness = [
        (batch["dioptres"][0] - value).abs().argmin() for value in (1.9, 0.7)
    ]  # slices nearest to the truth of the two halves
    for half, number in zip((slice(8, 24), slice(40, 56)), sharpness, strict=True):
        found = composite[..., 8:-8, half]
        wanted = batch["images"][:, number, :, 8:-8, half]
        assert (found - wanted).abs().mean() < 0.05
        blurred = batch["images"][:, -1 - number, :, 8:-8, half]
        assert (found - blurred).abs().mean() > 0.1


def plain_wall(slices=4, dtype=torch.float32):
    """A stack whose left half is of one colour in every slice: there is no contrast to compare."""
    images = stack_batch(slices)["images"]
    images[..., :32] = 0.4
    return images.to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_the_composite_of_a_plain_wall_is_the_wall_in_every_precision(dtype):
    """Contrast relative to the highest is 0 by 0 there, if what keeps it from it is rounded off."""
    composite = sharpest_composite(plain_wall(dtype=dtype))
    assert composite.dtype == dtype
    assert torch.isfinite(composite).all()
    wall = composite[..., :24].float()
    torch.testing.assert_close(wall, torch.full_like(wall, 0.4), atol=4e-3, rtol=0)
    black = sharpest_composite(torch.zeros(1, 3, 3, 16, 16, dtype=dtype))
    assert (black == 0).all()


def test_a_float16_file_finds_the_depth_of_a_plain_wall(tmp_path):
    """What the float32 file finds there: `ExportedNetworkTests`. A plain GRU: exported sooner."""
    onnxruntime = pytest.importorskip("onnxruntime")
    network = trained_statistics(DynamicFusionNet(replace(SMALL, correlation="gru")), 2)
    path = write_onnx(stack_file(network, slices=2, precision="float16"), tmp_path / "float16.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for brightness in (0.0, 1.0):
        batch = {**stack_batch(2), "images": brightness * plain_wall(2)}
        batch = {name: values[:1] for name, values in batch.items()}
        feeds = {name: batch[name].numpy() for name in ("images", "dioptres")}
        found = session.run(["position"], feeds)[0]
        wanted = outputs(network, batch)["position"].numpy()
        assert np.isfinite(found).all()
        assert np.abs(found - wanted).max() < 0.03 * max(float(np.abs(wanted).max()), 1.0)


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(InputError, match="give slices"):
        DynamicFusionNet(replace(SMALL, correlation="cnn2d"))
    with pytest.raises(InputError, match="correlation must be one of"):
        DynamicFusionNet(replace(SMALL, correlation="lstm"))
    with pytest.raises(InputError, match="fusion must be one of"):
        DynamicFusionNet(replace(SMALL, fusion="product"))
    with pytest.raises(InputError, match="focal_stride must be 1, 2 or 4"):
        DynamicFusionNet(replace(SMALL, focal_stride=3))
    with pytest.raises(InputError, match="encoder_width is for this package's encoders"):
        DynamicFusionNet(replace(SMALL, encoder="legacy_senet154", encoder_width=0.5))
