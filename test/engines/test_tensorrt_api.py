"""Every name of TensorRT and CUDA that our backend touches is there in the real bindings.

The stand-ins that the backend is driven on are held to the bindings of 10.3, 10.16 and 11.4, name
by name and keyword by keyword; and the source is read for names that the stand-ins might hide.
"""

from __future__ import annotations

import ast
import enum
import inspect
import json
import re
from pathlib import Path

import fake_tensorrt
import pytest
from fake_cuda import FakeCudaRuntime
from real_bindings import BINDINGS, make_libraries, probe, run_with, versions

import ddff_perception.engines as package
from ddff_perception.engines.tensorrt_engine import _TYPES as TYPES

SOURCES = [
    Path(package.__path__[0]) / name
    for name in (
        "tensorrt_engine.py", "tensorrt_build.py", "tensorrt_reports.py", "cuda_memory.py",
        "libraries.py",
    )
]  # fmt: skip
VERSIONS = versions() or ["none"]
ENUMS = {
    "Severity",
    "BuilderFlag",
    "NetworkDefinitionCreationFlag",
    "MemoryPoolType",
    "TensorIOMode",
}


@pytest.fixture(scope="module", params=VERSIONS)
def version(request):
    if request.param == "none":
        pytest.skip("NVIDIA's bindings are not here: `make setup-train` fetches them")
    return request.param


@pytest.fixture(scope="module")
def libraries(version, tmp_path_factory):
    return make_libraries(version, tmp_path_factory.mktemp(version))


@pytest.fixture(scope="module")
def real(version, libraries):
    return probe(version, libraries)


def public(kind: type) -> list[str]:
    if issubclass(kind, enum.Enum):
        return list(kind.__members__)
    return [name for name in vars(kind) if not name.startswith("_")]


def instance_attributes(kind: type) -> list[str]:
    """What its `__init__` sets without an underscore: properties of the real class."""
    code = ast.parse(inspect.getsource(kind).strip())
    return [
        node.attr
        for node in ast.walk(code)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and ast.unparse(node.value) == "self"
        and not node.attr.startswith("_")
    ]


def test_the_versions_are_those_that_we_name():
    if VERSIONS != ["none"]:
        assert set(VERSIONS) == {"tensorrt_10", "tensorrt_10_3", "tensorrt_11"}


def test_each_version_is_another(version, real):
    wanted = {"tensorrt_10": "10.16.", "tensorrt_10_3": "10.3.", "tensorrt_11": "11.4."}
    assert real["version"].startswith(wanted[version])


@pytest.mark.parametrize("name", fake_tensorrt.HANDED_OUT)
def test_what_the_stand_in_has_the_bindings_have(real, name):
    kind = fake_tensorrt.HANDED_OUT[name]
    members = real["classes"][name]
    missing = [member for member in public(kind) if member not in members]
    assert missing == []
    if name in ENUMS:
        return
    properties = set(instance_attributes(kind)) - {"made"}
    assert sorted(properties - set(members)) == []
    for member in public(kind):
        function = vars(kind)[member]
        if not inspect.isfunction(function):
            continue
        parameters = list(inspect.signature(function).parameters)[1:]
        for parameter in parameters:
            assert re.search(rf"\b{parameter}: ", members[member]), (member, parameter)


def touched(path: Path, owner: str) -> set[tuple[str, ...]]:
    """Dotted names after `owner.` in a source, such as (`BuilderFlag`, `TF32`)."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            for prefix in (f"{owner}.", f"self._{owner}."):
                if text.startswith(prefix) and re.fullmatch(r"[\w.]+", text):
                    found.add(tuple(text.removeprefix(prefix).split(".")))
    return found


def test_what_our_source_takes_from_the_module_is_there(real):
    used = {name for path in SOURCES for name in touched(path, "trt")}
    assert ("BuilderFlag", "TF32") in used
    assert len(used) > 10
    for first, *rest in used - {("__version__",)}:
        assert first in real["classes"], first
        if rest:
            assert rest[0] in real["classes"][first], (first, rest)


def test_the_types_of_tensors_have_the_names_that_we_know(real):
    assert len(TYPES) == 7
    assert sorted(set(TYPES) - set(real["classes"]["DataType"])) == []


def test_our_logger_and_progress_monitor_are_made_of_the_real_classes(version, libraries):
    code = """
import json, sys
import tensorrt_bindings as trt
from ddff_perception.engines.tensorrt_reports import make_logger, make_progress_monitor
logger = make_logger(trt)
logger.log(trt.ILogger.Severity.ERROR, "no\\nkernel")
told = []
monitor = make_progress_monitor(trt, "net", lambda what, share: told.append(share))
monitor.phase_start("all", None, 2)
going = [monitor.step_complete("all", step) for step in range(2)]
monitor.phase_finish("all")
print(json.dumps([logger.reason(""), told, going]))
"""
    reason, told, going = json.loads(run_with(version, libraries, code))
    assert reason == "no kernel"
    assert told == [0.5, 1.0]
    assert going == [True, True]


def test_the_real_bindings_without_a_gpu_are_refused_in_one_sentence(version, libraries, networks):
    """Behind the entry points is nothing: the builder cannot be made."""
    code = """
import sys
import tensorrt_bindings as trt
from ddff_perception.engines import libraries
from ddff_perception.engines.create import create_engine
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.engines.tensors import EngineError
sys.path.insert(0, sys.argv[3])
from fake_cuda import FakeCudaRuntime
libraries.tensorrt = lambda: trt
libraries.cuda_runtime = FakeCudaRuntime
try:
    create_engine(find_model(sys.argv[1]), "tensorrt", {"cache_folder": sys.argv[2]})
except EngineError as error:
    print(error)
"""
    arguments = (
        str(networks["conv"].path),
        str(libraries / "cache"),
        str(Path(__file__).parents[1] / "helpers"),
    )
    text = run_with(version, libraries, code, *arguments).strip()
    assert text.startswith(f"tensorrt cannot load {networks['conv'].path}: ")
    assert "\n" not in text


def test_cuda_has_every_call_with_its_arguments(version, libraries):
    """The real `cuda.bindings` imports without a driver and says that there is none."""
    assert (BINDINGS / "cuda").is_dir()
    names = public(FakeCudaRuntime)
    code = f"""
import json
from cuda.bindings import runtime
found = {{}}
for name in {names!r}:
    thing = getattr(runtime, name, None)
    found[name] = None if thing is None else [str(thing.__doc__).split(chr(10))[0], dir(thing)]
found["count"] = [int(runtime.cudaGetDeviceCount()[0]), []]
found["properties"] = ["", dir(runtime.cudaDeviceProp())]
print(json.dumps(found))
"""
    found = json.loads(run_with(version, libraries, code))
    assert [name for name in names if found[name] is None] == []
    for name in names:
        member = vars(FakeCudaRuntime)[name]
        if inspect.isfunction(member):
            for parameter in list(inspect.signature(member).parameters)[1:]:
                assert re.search(rf"\b{parameter}\b", found[name][0]), (name, found[name][0])
        elif isinstance(member, enum.EnumMeta):
            assert set(member.__members__) <= set(found[name][1])
    assert {"name", "major", "minor", "multiProcessorCount"} <= set(found["properties"][1])
    assert found["count"][0] != 0


def test_what_our_source_takes_from_cuda_the_stand_in_has():
    used = {name[0] for path in SOURCES for name in touched(path, "runtime")}
    used -= {"deserialize_cuda_engine"}  # of TensorRT's runtime, which has the same name
    assert len(used) > 15
    assert sorted(used - set(public(FakeCudaRuntime))) == []
