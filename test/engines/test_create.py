"""Which backend `auto` takes, what is missing and what installs it, and making one in a thread."""

import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from ddff_perception.engines import create, libraries
from ddff_perception.engines.create import (
    BACKENDS,
    ENGINE_PARAMETERS,
    available_backends,
    choose_backend,
    create_engine,
)
from ddff_perception.engines.loading import PendingEngine
from ddff_perception.engines.openvino_engine import compute_precision
from ddff_perception.engines.settings import EngineSettings
from ddff_perception.engines.tensors import EngineError
from ddff_perception.types import InputError


def machine(monkeypatch, gpu=False, intel=False, installed=(), bfloat16=False):
    monkeypatch.setattr(libraries, "has_gpu", lambda: gpu)
    monkeypatch.setattr(libraries, "is_intel", lambda: intel)
    monkeypatch.setattr(libraries, "gains_from_bfloat16", lambda: bfloat16)
    monkeypatch.setattr(libraries, "is_installed", lambda name: name in installed)


@pytest.mark.parametrize(
    ("gpu", "intel", "installed", "chosen"),
    [
        (True, True, ("openvino", "onnxruntime"), "tensorrt"),
        (True, False, (), "tensorrt"),
        (False, True, ("openvino", "onnxruntime"), "openvino"),
        (False, False, ("openvino", "onnxruntime"), "onnxruntime"),
        (False, True, ("onnxruntime",), "onnxruntime"),
        (False, False, ("openvino",), "openvino"),
        (False, False, (), "onnxruntime"),
    ],
)
def test_auto_takes_the_best_that_is_there(monkeypatch, gpu, intel, installed, chosen):
    machine(monkeypatch, gpu, intel, installed)
    assert choose_backend() == chosen
    assert choose_backend("openvino") == "openvino"


def test_auto_takes_openvino_where_bfloat16_pays_whoever_made_the_processor(monkeypatch):
    machine(monkeypatch, installed=("openvino", "onnxruntime"), bfloat16=True)
    assert choose_backend() == "openvino"


def test_auto_takes_onnxruntime_where_only_bfloat16_would_pay_and_is_not_allowed(
    networks, monkeypatch
):
    machine(monkeypatch, installed=("openvino", "onnxruntime"), bfloat16=True)
    exact = replace(
        networks["conv"], card=replace(networks["conv"].card, minimum_precision="float32")
    )
    for model, options, backend in (
        (networks["conv"], {}, "openvino"),
        (networks["conv"], {"cpu_precision": "float32"}, "onnxruntime"),
        (exact, {}, "onnxruntime"),
    ):
        with create_engine(model, options=options) as engine:
            assert engine.backend == backend


def test_the_backend_may_be_an_argument_or_a_parameter(networks):
    for arguments in (
        ("openvino", None),
        ("auto", {"engine.backend": "openvino"}),
        ("auto", {"backend": "openvino"}),
        ("openvino", {"engine.backend": "onnxruntime"}),
    ):
        with create_engine(networks["conv"], *arguments) as engine:
            assert engine.backend == "openvino"


def test_unknown_backends_and_options_are_refused(networks):
    with pytest.raises(InputError, match=r"engine.backend must be one of auto, onnxruntime"):
        create_engine(networks["conv"], "tensorflow")
    with pytest.raises(InputError, match=r"there is no parameter 'engine.speed'"):
        create_engine(networks["conv"], "auto", {"speed": 1})
    with pytest.raises(InputError, match=r"engine.threads must lie in 0 .. 256"):
        create_engine(networks["conv"], "auto", {"engine.threads": 1000})


def test_every_parameter_reaches_the_engine():
    values = {p.name.removeprefix("engine."): p.default for p in ENGINE_PARAMETERS}
    settings = EngineSettings.complete()
    assert {name: getattr(settings, name) for name in values} == values
    assert ENGINE_PARAMETERS["engine.backend"].choices == BACKENDS


@pytest.mark.parametrize(
    ("module", "backend", "command"),
    [
        ("onnxruntime", "onnxruntime", "pip install onnxruntime"),
        ("openvino", "openvino", "pip install openvino"),
        ("tensorrt", "tensorrt", "pip install tensorrt"),
    ],
)
def test_a_missing_library_is_named_with_its_cure(networks, monkeypatch, module, backend, command):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(libraries, "is_installed", lambda name: False)
    with pytest.raises(EngineError) as caught:
        create_engine(networks["conv"], backend)
    assert f"{module} is not installed: run `{command}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_tensorrt_without_cuda_python_is_named(networks, monkeypatch):
    monkeypatch.setattr(libraries, "tensorrt", object)
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    with pytest.raises(EngineError, match="cuda-python is not installed: run `pip install -U c"):
        create_engine(networks["conv"], "tensorrt")


def test_tensorrt_without_cuda_python_is_said_and_not_taken(monkeypatch, caplog):
    monkeypatch.setattr(libraries, "is_installed", lambda name: name == "tensorrt")
    monkeypatch.setitem(sys.modules, "cuda.bindings", None)
    assert not libraries.has_gpu()
    assert "tensorrt is installed, but cuda-python is not installed" in caplog.text


@pytest.mark.parametrize(
    ("answer", "there"), [((0, 1), True), ((0, 0), False), ((35, None), False)]
)
def test_a_gpu_is_there_when_cuda_counts_one(monkeypatch, answer, there):
    class Runtime:
        def cudaGetDeviceCount(self):  # noqa: N802
            return answer

    monkeypatch.setattr(libraries, "is_installed", lambda name: True)
    monkeypatch.setattr(libraries, "cuda_runtime", Runtime)
    assert libraries.has_gpu() is there


def test_a_library_that_is_there_but_broken_says_so(networks, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.setattr(libraries, "is_installed", lambda name: True)
    with pytest.raises(EngineError, match="openvino is installed but cannot be loaded"):
        create_engine(networks["conv"], "openvino")


def test_auto_goes_on_where_its_choice_does_not_start(networks, monkeypatch, caplog):
    machine(monkeypatch, intel=True, installed=("openvino", "onnxruntime"))
    monkeypatch.setitem(sys.modules, "openvino", None)
    with create_engine(networks["conv"]) as engine:
        assert engine.backend == "onnxruntime"
    assert "using onnxruntime instead" in caplog.text


def test_bfloat16_is_for_processors_that_gain_from_it(networks, monkeypatch):
    def chosen(flags, vendor="GenuineIntel", **options):
        monkeypatch.setattr(libraries, "processor_flags", lambda: frozenset(flags))
        monkeypatch.setattr(libraries, "_processor_entry", lambda key: vendor)
        return compute_precision(networks["conv"], EngineSettings.complete(options))

    assert chosen({"amx_bf16", "avx512_bf16"}) == "bfloat16"
    assert chosen({"avx512_bf16"}) == "float32"
    assert chosen({"avx512_bf16"}, vendor="AuthenticAMD") == "bfloat16"
    assert chosen({"avx2"}, vendor="AuthenticAMD") == "float32"
    assert chosen(set()) == "float32"
    assert chosen({"amx_bf16"}, cpu_precision="float32") == "float32"
    assert chosen({"avx512_bf16"}, cpu_precision="bfloat16") == "bfloat16"
    assert chosen(set(), cpu_precision="bfloat16") == "bfloat16", "not known"
    with pytest.raises(EngineError, match="this processor has no bfloat16"):
        chosen({"avx2"}, cpu_precision="bfloat16")


def test_a_card_can_forbid_bfloat16(networks, monkeypatch):
    from dataclasses import replace

    model = networks["conv"]
    strict = replace(model, card=replace(model.card, minimum_precision="float32"))
    options = EngineSettings.complete({"cpu_precision": "bfloat16"})
    assert compute_precision(strict, options) == "float32"


def test_the_processor_is_read_from_the_system():
    assert isinstance(libraries.is_intel(), bool)
    assert libraries._processor_entry("no such entry") == ""


def test_available_backends_can_all_be_made(networks):
    assert {"onnxruntime", "openvino"} <= set(available_backends())
    for backend in available_backends():
        create_engine(networks["conv"], backend).close()


def test_a_model_is_given_as_itself_its_path_or_its_name(networks):
    model = networks["conv"]
    for given in (model, model.path, str(model.path)):
        with create_engine(given, "onnxruntime") as engine:
            assert engine.model.card == model.card


def test_threads_change_no_result(networks):
    results = []
    for threads in (1, 2):
        with create_engine(networks["conv"], "onnxruntime", {"threads": threads}) as engine:
            feeds = engine.signature.random_feeds(engine.signature.typical_shapes())
            results.append(engine.run(feeds)["features"].copy())
    np.testing.assert_allclose(*results, atol=1e-6)


def test_an_engine_gets_ready_in_the_background(networks):
    pending = PendingEngine(networks["conv"], "onnxruntime", shapes={"image": (1, 3, 32, 32)})
    with pending.result(60) as engine:
        assert pending.ready
        assert pending.progress == ("ready", 1.0)
        assert engine.run({"image": np.zeros((1, 3, 32, 32), np.float32)})["mean"].shape[1] == 8
        pending.cancel()
        engine.warm_up()


def test_what_fails_in_the_background_is_raised_to_who_asks(tmp_path):
    pending = PendingEngine(tmp_path / "none.onnx")
    with pytest.raises(InputError, match="there is no model file"):
        pending.result(60)


class Slow:
    """Stands for a build that takes its time and tells of it."""

    def __init__(self, monkeypatch):
        self.go, self.told, self.stopped = threading.Event(), threading.Event(), False
        monkeypatch.setattr("ddff_perception.engines.loading.create_engine", self.build)

    def build(self, model, backend, options, progress):
        progress("building net", 0.25)
        self.told.set()
        self.go.wait(20)
        self.stopped = progress("building net", 0.5) is False
        return create.create_engine(model, "onnxruntime", options)


def test_how_far_a_build_is_can_be_seen_while_it_runs(networks, monkeypatch):
    slow = Slow(monkeypatch)
    pending = PendingEngine(networks["conv"])
    assert slow.told.wait(20)
    assert not pending.ready
    assert pending.progress == ("building net", 0.25)
    with pytest.raises(EngineError, match="the engine is not ready yet: building net, 25%"):
        pending.result(0.01)
    slow.go.set()
    pending.result(60).close()


def test_a_build_that_nobody_waits_for_is_stopped(networks, monkeypatch):
    slow = Slow(monkeypatch)
    pending = PendingEngine(networks["conv"])
    assert slow.told.wait(20)
    pending.cancel()
    slow.go.set()
    with pytest.raises(EngineError, match="the making of the engine was stopped"):
        pending.result(60)
    assert slow.stopped
