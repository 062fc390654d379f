"""The rules of docs/architecture.md that a machine can check, read from the source as it is."""

from __future__ import annotations

import ast
import graphlib
import importlib
import pkgutil
import re
import subprocess
import sys
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path

import pytest

import ddff_perception
from ddff_perception.parameters import Parameter, ParameterTable, Settings
from ddff_perception.registry import CAPABILITIES

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "ddff_perception"
SOURCES = sorted(PACKAGE.rglob("*.py"))
SCRIPTS = sorted(p for p in (ROOT / "scripts").iterdir() if p.is_file())
NAMES = [str(path.relative_to(PACKAGE)) for path in SOURCES]

# What only ros/ and the nodes import. `rosbags` is no ROS: it reads files.
ROS_PACKAGES = {
    "ament_index_python", "cv_bridge", "launch", "launch_ros", "message_filters", "rclpy",
    "sensor_msgs_py", "tf2_ros", "tf2_geometry_msgs", "builtin_interfaces", "rcl_interfaces",
    "rosgraph_msgs", "std_srvs", "ddff_perception.msg", "ddff_perception.srv",
}  # fmt: skip
# Rooms of a capability where torch may be imported.
TORCH_ROOMS = {"networks", "training", "data"}
TORCH_PACKAGES = {"torch", "torchvision", "safetensors", "lightning", "timm"}
RENDERER_PACKAGES = {"mitsuba", "drjit"}
# Run time needs one of these, and which one is known only when an engine is made.
ENGINE_PACKAGES = {"onnxruntime", "openvino", "tensorrt", "cuda"}
# What only exporters use, or nobody.
ONNX_PACKAGES = {"onnx", "onnxscript", "pycuda"}
HEAVY_PACKAGES = (
    TORCH_PACKAGES
    | RENDERER_PACKAGES
    | ENGINE_PACKAGES
    | ONNX_PACKAGES
    | {"matplotlib", "jinja2", "skimage"}
)

# Which folder may import which other one. Capabilities do not import each other; what two of them
# need lies further down. Modules at the root of the package are for everybody.
_FLOOR = {"files", "optics", "engines", "capture"}
# A capability that is a library as well: others may use it.
_LIBRARY = {"retrieval": {"files"}}
_CAPABILITY = _FLOOR | {"ros", "training", "evaluation", "simulation"} | set(_LIBRARY)
BELOW = {
    "files": set(),
    "optics": {"files"},
    "engines": {"files"},
    "capture": {"files", "optics"},
    "weights": set(),
    "ros": _FLOOR,
    "training": _FLOOR,
    "evaluation": _FLOOR,
    "simulation": _FLOOR | {"ros", "evaluation"},
    "viewing": _FLOOR | {"ros", "evaluation"},
    "commands": _CAPABILITY | {"viewing"},
    **dict.fromkeys(CAPABILITIES, _CAPABILITY),
    **_LIBRARY,
}
# What modules at the root may import of the folders.
AT_THE_ROOT = {
    "cli.py": {"files"},
    "pipeline.py": {"capture"},
    "methods.py": {"engines"},
    "frame_pipeline.py": {"capture", "engines"},
}
MAX_FOLDER_FILES = 25
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_ARGUMENTS = 8


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(tree(path)))


def name_of(node: ast.AST) -> str:
    """`a.b` of a name as it is written, `.b` of an attribute of anything else. `ast.unparse` of
    every call of the package takes longer than all rules together.
    """
    if isinstance(node, ast.Attribute):
        return f"{name_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def is_ros(path: Path) -> bool:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] == "ros" or path.name == "node.py" or path.name.endswith("_node.py")


def trains(path: Path) -> bool:
    folder, *rooms = path.relative_to(PACKAGE).parts
    return folder == "training" or (len(rooms) > 1 and rooms[0] in TORCH_ROOMS)


@cache
def imports(path: Path) -> frozenset[str]:
    """Absolute names of the modules that a file imports, wherever in the file."""
    return frozenset(imported(path, nodes(path)))


def imports_at_once(path: Path) -> set[str]:
    """Those that are imported when the file is."""
    return imported(path, at_once(tree(path)))


def at_once(node: ast.AST):
    """The statements that run when the module is imported."""
    yield node
    for child in ast.iter_child_nodes(node):
        typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        if not typing and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from at_once(child)


def imported(path: Path, nodes) -> set[str]:
    package = ["ddff_perception", *path.relative_to(PACKAGE).parts[:-1]]
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


def comes_from(module: str, packages: set[str]) -> bool:
    top = module.split(".")[0]
    return any(module == p or module.startswith(p + ".") for p in packages) or (
        packages is ROS_PACKAGES and top.endswith("_msgs")
    )


def offenders(packages: set[str], allowed) -> list[str]:
    return [
        f"{name} imports {module}"
        for name, path in zip(NAMES, SOURCES, strict=True)
        if not allowed(path)
        for module in sorted(imports(path))
        if comes_from(module, packages)
    ]


def functions(path: Path):
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@cache
def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Typer commands declare one option per argument, and show their docstring as help."""
    annotations = [a.annotation for a in (*function.args.args, *function.args.kwonlyargs)]
    parts = (part for a in annotations if a is not None for part in ast.walk(a))
    return any(name_of(part).startswith("typer.") for part in parts)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if not is_command(function):
        return function.end_lineno - function.lineno + 1
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1


def in_a_fresh_python(code: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_the_rules_see_the_whole_package():
    assert len(SOURCES) > 80
    assert "depth_from_focus/node.py" in NAMES
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(BELOW)


def test_a_relative_import_is_resolved():
    found = imports(PACKAGE / "depth_from_focus" / "evaluation" / "speed.py")
    assert "ddff_perception.depth_from_focus.estimator" in found
    assert "ddff_perception.types.FocusSlice" in found
    assert "cv2" in found


def test_only_ros_and_nodes_import_ros():
    # cv_bridge converts recorded images as well; only what needs it imports it.
    converts = PACKAGE / "image_payload.py"
    assert offenders(ROS_PACKAGES, lambda path: is_ros(path) or path == converts) == []
    assert {m for m in imports(converts) if comes_from(m, ROS_PACKAGES)} <= {
        "cv_bridge",
        "cv_bridge.CvBridge",
    }
    assert not any(comes_from(m, ROS_PACKAGES) for m in imports_at_once(converts))
    assert any(comes_from(m, ROS_PACKAGES) for m in imports(PACKAGE / "ros" / "messages.py"))


def test_the_package_demands_what_it_imports_of_ros():
    declared = set(re.findall(r"<(?:exec_)?depend>(\w+)<", (ROOT / "package.xml").read_text()))
    used = {module.split(".")[0] for path in SOURCES for module in imports(path)}
    interfaces = {name for name in used if name.endswith(("_msgs", "_srvs", "_interfaces"))}
    ours = {name for name in ROS_PACKAGES if "." not in name}
    assert (used & ours | interfaces) - declared == set()
    names = {"cv2": "opencv", "numpy": "numpy", "scipy": "scipy", "yaml": "yaml", "PIL": "pil"}
    xml = (ROOT / "package.xml").read_text()
    assert [name for name in names.values() if f"python3-{name}<" not in xml] == []
    assert set(names) <= used


def test_torch_is_for_training_only():
    assert offenders(TORCH_PACKAGES, trains) == []
    # A search on a GPU is asked for by who has torch; it is imported by name, when it is made.
    assert 'importlib.import_module("torch")' in (PACKAGE / "retrieval" / "gpu.py").read_text()


def test_only_the_simulation_renders():
    assert offenders(RENDERER_PACKAGES, lambda path: "simulation" in path.parts) == []


def test_only_engines_know_the_engine_libraries_and_import_them_when_needed():
    # ONNX Runtime's quantizer is no engine: it writes files, where there is torch as well.
    quantizer = PACKAGE / "training" / "quantise.py"
    allowed = (quantizer, *(PACKAGE / "engines").iterdir())
    assert offenders(ENGINE_PACKAGES, lambda path: path in allowed) == []
    at_once = [
        f"{name} imports {ast.unparse(node)}"
        for name, path in zip(NAMES, SOURCES, strict=True)
        for node in tree(path).body
        if path != quantizer
        and isinstance(node, ast.Import | ast.ImportFrom)
        and re.search(rf"\b({'|'.join(ENGINE_PACKAGES)})\b", ast.unparse(node).split(" import ")[0])
        and not (isinstance(node, ast.ImportFrom) and node.level)
    ]
    assert at_once == []
    libraries = imports(PACKAGE / "engines" / "libraries.py")
    assert {"onnxruntime", "openvino", "tensorrt", "cuda.bindings"} <= libraries


def test_onnx_itself_is_for_training_only():
    assert offenders(ONNX_PACKAGES, trains) == []


def test_nothing_is_imported_sideways():
    wrong = []
    for name, path in zip(NAMES, SOURCES, strict=True):
        folder = name.split("/")[0]
        for module in sorted(imports(path)):
            parts = module.split(".")
            if parts[0] != "ddff_perception" or len(parts) < 2 or parts[1] not in BELOW:
                continue
            below = AT_THE_ROOT.get(name) or BELOW.get(folder, set())
            data = name == "registry.py" and parts[2:3] == ["capability"]
            if parts[1] != folder and parts[1] not in below and not data:
                wrong.append(f"{name} imports {module}")
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle():
    modules = {
        ".".join(["ddff_perception", *path.relative_to(PACKAGE).with_suffix("").parts]): path
        for path in SOURCES
    }
    graph = {name: imports_at_once(path) & set(modules) for name, path in modules.items()}
    assert "ddff_perception.depth_from_focus.capability" in graph["ddff_perception.registry"]
    assert "ddff_perception.ros.nodes" not in graph["ddff_perception.commands.run"]
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_what_a_capability_hands_over_imports_nothing_heavy():
    light = {"ddff_perception", "__future__", "ddff_perception.capability"}
    for name in CAPABILITIES:
        found = imports(PACKAGE / name / "capability.py")
        assert {m for m in found if not m.startswith("ddff_perception.capability.")} <= light


def test_no_folder_holds_more_files_than_one_can_look_through():
    folders = {path.parent for path in SOURCES}
    counts = {str(f.relative_to(PACKAGE)): len(list(f.glob("*.py"))) for f in folders}
    assert {name: count for name, count in counts.items() if count > MAX_FOLDER_FILES} == {}


def test_everything_but_the_nodes_works_without_ros():
    """Blocks the ROS packages and torch, and imports every module that is to do without."""
    modules = modules_where(lambda path: not is_ros(path) and not trains(path))
    blocked = ROS_PACKAGES | TORCH_PACKAGES | ENGINE_PACKAGES | ONNX_PACKAGES
    assert imports_that_fail(modules, blocked) == ""


def test_training_works_without_ros():
    pytest.importorskip("lightning")
    assert imports_that_fail(modules_where(trains), ROS_PACKAGES) == ""


def modules_where(wanted) -> list[str]:
    return [
        "ddff_perception." + name[:-3].replace("/", ".")
        for name, path in zip(NAMES, SOURCES, strict=True)
        if path.name != "__init__.py" and wanted(path)
    ]


def imports_that_fail(modules: list[str], blocked: set[str]) -> str:
    code = f"""
import importlib, importlib.abc, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        blocked = {sorted(blocked)!r}
        if name in blocked or top in blocked or top.endswith("_msgs"):
            raise ImportError("blocked: " + name)
sys.meta_path.insert(0, Block())
for name in list(sys.modules):
    if name.split(".")[0] in {sorted(ROS_PACKAGES)!r}:
        del sys.modules[name]
for name in {modules!r}:
    try:
        importlib.import_module(name)
    except ImportError as error:
        if "blocked" in str(error):
            print(name, error)
        elif "mitsuba" not in str(error) and "drjit" not in str(error):
            raise
"""
    return in_a_fresh_python(code)


def test_nodes_and_the_command_line_load_nothing_heavy_before_it_is_needed():
    pytest.importorskip("rclpy")
    nodes = [
        "ddff_perception." + name[:-3].replace("/", ".")
        for name, path in zip(NAMES, SOURCES, strict=True)
        if is_ros(path) and (path.name == "node.py" or path.name.endswith("_node.py"))
    ]
    assert len(nodes) >= 5
    code = f"""
import importlib, sys
for name in {["ddff_perception.cli", *nodes]!r}:
    importlib.import_module(name)
heavy = {sorted(HEAVY_PACKAGES)!r}
print(*sorted(name for name in sys.modules if name in heavy))
"""
    assert in_a_fresh_python(code) == ""


def test_no_module_prints():
    calls = [
        f"{name}:{node.lineno}"
        for name, path in zip(NAMES, SOURCES, strict=True)
        for node in nodes(path)
        if isinstance(node, ast.Call) and name_of(node.func) in ("print", "pprint.pprint")
    ]
    assert calls == []


def test_nothing_is_unpickled_evaluated_or_given_to_a_shell():
    wrong = []
    for name, path in zip(NAMES, SOURCES, strict=True):
        unsafe = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal"}
        wrong += [f"{name} imports {m}" for m in imports(path) if m.split(".")[0] in unsafe]
        for node in nodes(path):
            if not isinstance(node, ast.Call):
                continue
            called = name_of(node.func)
            given = (k for k in node.keywords if k.arg in ("shell", "allow_pickle"))
            keywords = {k.arg: ast.unparse(k.value) for k in given}
            bad = (
                called in ("eval", "exec", "os.system", "os.popen", "compile")
                or keywords.get("shell") == "True"
                or keywords.get("allow_pickle") == "True"
                or (called.endswith("np.load") and keywords.get("allow_pickle") != "False")
                or (called.endswith("np.save") and keywords.get("allow_pickle") != "False")
                or called in ("yaml.load", "yaml.unsafe_load", "yaml.full_load")
            )
            if bad:
                wrong.append(f"{name}:{node.lineno} calls {ast.unparse(node)[:60]}")
    assert wrong == []


def test_no_path_of_a_developer_machine_is_left():
    pattern = re.compile(r"/(?:home|Users|root|work|mnt|workspace)/[\w.]")
    files = [*SOURCES, *SCRIPTS]
    for folder in ("launch", "config", "tools", "test", "benchmarks", "docs", "msg", "srv"):
        files += [p for p in (ROOT / folder).rglob("*") if p.suffix in TEXT_SUFFIXES]
    files += [p for p in ROOT.iterdir() if p.is_file() and p.suffix in TEXT_SUFFIXES]
    found = [
        f"{path.relative_to(ROOT)}: {text[max(0, hit.start() - 40) : hit.end() + 40]}"
        for path in files
        for text in [path.read_text(encoding="utf-8")]
        for hit in pattern.finditer(text)
    ]
    assert found == []


TEXT_SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".xml", ".txt", ".msg", ".srv", ".json"}


def test_files_and_functions_are_of_a_size_to_read():
    wrong = []
    for name, path in zip(NAMES, SOURCES, strict=True):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            wrong.append(f"{name} has {lines} lines")
        for function in functions(path):
            if length(function) > MAX_FUNCTION_LINES:
                wrong.append(f"{name}: {function.name} has {length(function)} lines")
            given = [*function.args.args, *function.args.kwonlyargs]
            count = len([a for a in given if a.arg not in ("self", "cls")])
            if count > MAX_ARGUMENTS and not is_command(function):
                wrong.append(f"{name}: {function.name} takes {count} arguments")
    assert wrong == []


def is_overload(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return any(ast.unparse(d).endswith("overload") for d in node.decorator_list)


def test_every_module_public_function_and_class_says_what_it_is():
    """Not methods: many implement what a class above, a protocol, or ROS describes."""
    silent = []
    for name, path in zip(NAMES, SOURCES, strict=True):
        module = tree(path)
        if module.body and not ast.get_docstring(module):
            silent.append(name)
        for node in module.body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public and not ast.get_docstring(node) and not is_overload(node):
                silent.append(f"{name}: {node.name}")
    assert silent == []


def test_every_command_shows_examples():
    commands = [
        (name, function)
        for name, path in zip(NAMES, SOURCES, strict=True)
        for function in functions(path)
        if "commands" in Path(name).parts and is_command(function) and function.name[0] != "_"
    ]
    assert len(commands) >= 10
    without = [
        f"{name}: {function.name}"
        for name, function in commands
        if not re.search(r"Examples?:\s+ddff ", ast.get_docstring(function) or "")
    ]
    assert without == []


@cache
def parameters() -> dict[tuple[str, str], Parameter]:
    """Every parameter of every table that a module of the package holds."""
    found = {}
    for entry in pkgutil.walk_packages(ddff_perception.__path__, "ddff_perception."):
        path = PACKAGE.joinpath(*entry.name.split(".")[1:]).with_suffix(".py")
        pure = not is_ros(path) or path.name.endswith("interface.py")
        if not path.is_file() or not pure:
            continue
        if "arameter" not in path.read_text(encoding="utf-8"):
            continue
        for held in vars(importlib.import_module(entry.name)).values():
            if isinstance(held, type) and issubclass(held, Settings) and is_dataclass(held):
                held = held.table()
            if isinstance(held, ParameterTable):
                found.update({(entry.name, p.name): p for p in held})
    return found


def test_every_parameter_has_a_description_and_every_number_a_range():
    # A driver's own lens positions: any number in any unit.
    open_ended = {"raw_positions"}
    assert len(parameters()) > 200
    wrong = []
    for (module, name), parameter in parameters().items():
        where = f"{module}: {name}"
        if len(parameter.description.split()) < 2:
            wrong.append(f"{where} has no description")
        if parameter.description.endswith("."):
            wrong.append(f"{where}: descriptions end without a full stop")
        default = parameter.default
        number = isinstance(default, int | float) and not isinstance(default, bool)
        numbers = isinstance(default, list) and all(isinstance(v, int | float) for v in default)
        bounded = parameter.minimum is not None or parameter.maximum is not None
        if (number or numbers) and not bounded and name not in open_ended:
            wrong.append(f"{where} has no range")
        if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", name):
            wrong.append(f"{where} is no ROS parameter name")
    assert wrong == []


def test_distances_times_and_rates_say_their_unit_in_the_name_or_beside_it():
    units = {"_m": "m", "_s": "s", "_hz": "Hz", "_px": "px", "_dpt": "dpt"}
    wrong = [
        f"{module}: {name} is in {parameter.unit!r}"
        for (module, name), parameter in parameters().items()
        for ending, unit in units.items()
        if name.endswith(ending) and parameter.unit not in (unit, "1/m" if unit == "dpt" else unit)
    ]
    assert wrong == []
