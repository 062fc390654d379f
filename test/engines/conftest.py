"""Small networks, and a GPU that is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_cuda import FakeCudaRuntime
from fake_tensorrt import FakeTensorRt
from small_networks import conv_network, slices_network

from ddff_perception.engines import libraries
from ddff_perception.engines.model_zoo import Model
from ddff_perception.files.results import RECORD


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """A convolution network in two precisions, and one over any number of slices."""
    folder = tmp_path_factory.mktemp("networks")
    made = (
        conv_network(folder),
        conv_network(folder, "conv_float16", "float16"),
        slices_network(folder),
    )
    return {model.card.name: model for model in made}


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """TensorRT and CUDA as `libraries` finds them: stand-ins that compute on the processor."""
    cuda = FakeCudaRuntime()
    trt = FakeTensorRt(cuda)
    monkeypatch.setattr(libraries, "tensorrt", lambda: trt)
    monkeypatch.setattr(libraries, "cuda_runtime", lambda: cuda)
    monkeypatch.setattr(libraries, "has_gpu", lambda: True)
    yield SimpleNamespace(cuda=cuda, trt=trt)


@pytest.fixture
def own_copy(networks: dict[str, Model], tmp_path: Path) -> Path:
    """A user's own copy of a network, to be spoiled."""
    folder = networks["conv"].path.parent
    for name in ("conv.onnx", "conv.json", RECORD):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    return tmp_path / "conv.onnx"
