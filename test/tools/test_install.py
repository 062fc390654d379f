"""What CMake installs: everything that a robot runs, and training only where it is asked for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(installed NONE)
set(PYTHON_INSTALL_DIR python)
include({root}/cmake/install_modules.cmake)
"""
RUN = """
import sys
sys.path[:] = [{python!r}, *(p for p in sys.path if p not in ({root!r}, ""))]
import ddff_perception
assert ddff_perception.__file__.startswith({python!r}), ddff_perception.__file__
{code}
"""
TRAIN = """
from ddff_perception.cli import main
sys.argv = ["ddff", "train", "depth_from_focus", "-o", "run", "--network", "focus_stream",
            "--preset", "trial"]
sys.exit(main())
"""
LOAD_ALL = """
import importlib
from ddff_perception.registry import CAPABILITIES, nodes
for node in nodes().values():
    importlib.import_module(node.load().module)
from ddff_perception.engines.model_zoo import shipped_models
assert len(list(shipped_models())) > 5
"""


@pytest.fixture(scope="module")
def install(tmp_path_factory: pytest.TempPathFactory):
    """Installs into a folder of its own; returns the prefix."""
    cmake = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
    if cmake is None:
        pytest.skip("CMake is not installed")

    def run(*options: str) -> Path:
        folder = tmp_path_factory.mktemp("install")
        (folder / "CMakeLists.txt").write_text(PROJECT.format(root=ROOT.as_posix()))
        for command in (
            [cmake, "-S", str(folder), "-B", str(folder / "build"), *options],
            [cmake, "--install", str(folder / "build"), "--prefix", str(folder / "prefix")],
        ):
            subprocess.run(command, check=True, capture_output=True)
        return folder / "prefix"

    return run


@pytest.fixture(scope="module")
def robot(install) -> Path:
    return install()


def files(prefix: Path) -> set[str]:
    python = prefix / "python"
    return {path.relative_to(python).as_posix() for path in python.rglob("*") if path.is_file()}


def in_installed(prefix: Path, code: str) -> subprocess.CompletedProcess[str]:
    python = str(prefix / "python")
    script = RUN.format(python=python, root=str(ROOT), code=code)
    command = [sys.executable, "-c", script]
    return subprocess.run(command, capture_output=True, text=True, cwd=prefix, check=False)


def test_a_robot_gets_no_training_code_and_no_weights_to_begin_with(robot: Path) -> None:
    training = {"networks", "training", "data"}
    found = files(robot)
    parts = {name: Path(name).parts[1:] for name in found}
    assert [n for n, p in parts.items() if p[1:] and p[1] in training] == []
    assert [n for n, p in parts.items() if p[0] == "training" or n.endswith(".safetensors")] == []
    assert {"ddff_perception/data/demo_stack/stack.json", "ddff_perception/py.typed"} & found
    assert not any("__pycache__" in name for name in found)


def test_its_nodes_and_models_load_without_what_was_left_out(robot: Path) -> None:
    done = in_installed(robot, LOAD_ALL)
    assert done.returncode == 0, done.stderr


def test_its_train_command_says_how_to_install_the_rest(robot: Path) -> None:
    done = in_installed(robot, TRAIN)
    assert done.returncode == 2, done.stderr
    assert "this installation has no training code" in done.stderr
    assert "-DDDFF_INSTALL_TRAINING=ON" in done.stderr and "Traceback" not in done.stderr


def test_a_workstation_gets_everything_where_it_asks(robot: Path, install) -> None:
    more = files(install("-DDDFF_INSTALL_TRAINING=ON")) - files(robot)
    assert "ddff_perception/training/fit.py" in more
    assert "ddff_perception/weights/focus_stream.safetensors" in more
    assert {Path(name).parts[1] for name in more} >= {"segmentation", "reflection"}


def test_each_node_has_its_script(robot: Path) -> None:
    from ddff_perception.registry import nodes

    assert {path.name for path in (robot / "lib" / "ddff_perception").iterdir()} >= set(nodes())
