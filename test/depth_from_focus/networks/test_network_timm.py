"""The encoders of timm, in a process of their own: torchvision need not load in this one."""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

from ddff_perception.depth_from_focus.networks.timm_encoder import import_timm
from ddff_perception.types import InputError

TIMM = Path(sys.prefix) / "encoders" / "timm"
# Where torchvision's compiled part does not fit the installed torch its operators are unknown, and
# it stops at the two that it describes to torch's tracer. No encoder uses them.
PREPARE = f"""
import sys
sys.path.insert(0, {str(TIMM)!r})
import torch
torch.set_num_threads(1)
try:
    import torchvision
except RuntimeError:
    for name in [n for n in sys.modules if n.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
"""
SENET = """
import json
from dataclasses import replace
import timm
from ddff_perception.depth_from_focus.networks.dynamic_fusion import *
from ddff_perception.types import InputError
def count(network):
    return sum(p.numel() for p in network.parameters())
with torch.device("meta"):
    found = {"classifier": count(timm.create_model("legacy_senet154"))}
network = DynamicFusionNet(PAPER_SETTINGS).eval()
encoder = network.image_stream.encoder
found["encoder"] = count(encoder)
found["channels"] = encoder.channels
with torch.no_grad():
    found["map"] = network(torch.rand(1, 3, 3, 64, 64), torch.tensor([[2.0, 1.0, 0.5]]))[
        "position"].shape
light = DynamicFusionNet(replace(LIGHT_SETTINGS, encoder="mobilenetv3_small_050", encoder_width=1))
batch = torch.rand(2, 3, 3, 64, 64), torch.tensor([[2.0, 1.0, 0.5]]).repeat(2, 1)
light(*batch)["position"].square().sum().backward()
found["no gradient"] = [n for n, p in light.named_parameters() if p.grad is None]
found["refused"] = []
for name in ("senet_154", "vit_tiny_patch16_224"):
    try:
        DynamicFusionNet(replace(PAPER_SETTINGS, encoder=name))
    except InputError as error:
        found["refused"].append(str(error))
print(json.dumps(found))
"""


@pytest.mark.skipif(not TIMM.is_dir(), reason="timm is not there: run make setup-train")
def test_encoders_of_timm_serve_the_image_stream():
    result = subprocess.run(
        [sys.executable, "-c", PREPARE + SENET], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    # SENet-154 as published: 115,088,984 with its classifier of 1,000 classes.
    assert found["classifier"] == 115_088_984
    assert found["encoder"] == 115_088_984 - 1000 * 2049
    assert found["channels"] == [256, 512, 1024, 2048]
    assert found["map"] == [1, 64, 64]
    assert found["no gradient"] == []
    assert "timm has no network 'senet_154'" in found["refused"][0]
    assert "no features at stride" in found["refused"][1]


def test_without_timm_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(InputError, match="pip install timm"):
        import_timm()


def test_a_torchvision_of_another_torch_is_told(monkeypatch):
    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name == "timm":
                raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    with pytest.raises(InputError, match="install the torchvision that belongs to"):
        import_timm()


def test_a_timm_that_loads_is_given(monkeypatch):
    module = types.ModuleType("timm")
    monkeypatch.setitem(sys.modules, "timm", module)
    assert import_timm() is module
