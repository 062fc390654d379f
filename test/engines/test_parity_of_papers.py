"""The papers' networks on every backend, after a few steps of training: no weights of them ship."""

import pytest
from parity import ParityBattery

pytest.importorskip("lightning")

from ddff_perception.depth_from_focus.train import export, job
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.training.fit import fit

USUAL = {"height": 120, "width": 160}
SIZES = ({"height": 97, "width": 131},)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The ONNX file of a network by name, trained once per process."""
    made = {}
    # Threads of so small a network mostly wait for each other: ten times the processor time.
    pytest.importorskip("torch").set_num_threads(1)

    def get(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            weights = fit(job(name, "smoke"), folder / "run")
            made[name] = next(p for p in export(weights, folder, "float32") if p.suffix == ".onnx")
        return find_model(made[name])

    return get


class TestDDFFNet(ParityBattery):
    usual = USUAL
    sizes = SIZES

    @pytest.fixture(scope="class")
    def model(self, trained):
        return trained("ddffnet_cc3")


class TestDynamicFusion(ParityBattery):
    usual = USUAL
    sizes = SIZES

    @pytest.fixture(scope="class")
    def model(self, trained):
        return trained("dynamic_fusion")
