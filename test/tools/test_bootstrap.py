"""What the set-up says and repairs, without setting anything up."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The set-up script, with its environment in a folder of the test's own."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
    assert spec is not None and spec.loader is not None
    for name in ("DDFF_OLDEST", "DDFF_ROS"):
        monkeypatch.delenv(name, raising=False)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return module


def test_missing_debian_packages_are_named(bootstrap, monkeypatch) -> None:
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    with pytest.raises(bootstrap.MissingError, match=r"sudo apt install build-essential g\+\+"):
        bootstrap.check_machine(sourced=False)


def test_a_missing_venv_module_and_missing_headers_are_named(
    bootstrap, monkeypatch, tmp_path
) -> None:
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(bootstrap.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(bootstrap.MissingError, match="python3-venv python3-dev"):
        bootstrap.check_machine(sourced=True)


def test_another_python_is_refused_with_the_one_that_works(bootstrap, monkeypatch) -> None:
    monkeypatch.setattr(bootstrap, "PIP_ROS_PYTHON", (2, 7))
    with pytest.raises(bootstrap.MissingError, match=r"make PYTHON=python2\.7"):
        bootstrap.check_machine(sourced=False)
    bootstrap.check_machine(sourced=True)


def test_include_folders_of_the_wheels_machine_become_ours(
    bootstrap, monkeypatch, tmp_path
) -> None:
    file = bootstrap.VENV / "share" / "some_msgs" / "cmake" / "export.cmake"
    file.parent.mkdir(parents=True)
    file.write_text(
        'set(include "${_IMPORT_PREFIX}/include;/opt/python/cp311-cp311/include/python3.11;'
        '/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include")\n'
    )
    monkeypatch.setattr(
        bootstrap,
        "output_of",
        lambda *command: "/ours/numpy" if "numpy" in command[-1] else "/ours/python",
    )
    bootstrap.repair_cmake_files()
    assert file.read_text() == 'set(include "${_IMPORT_PREFIX}/include;/ours/python;/ours/numpy")\n'


def test_an_environment_that_was_moved_is_made_anew(bootstrap) -> None:
    scripts = bootstrap.VENV / "bin"
    scripts.mkdir(parents=True)
    bootstrap.PYTHON.symlink_to(sys.executable)
    (scripts / "pip").write_text(f"#!{bootstrap.PYTHON}\n")
    assert bootstrap.is_usable()
    (scripts / "pip").write_text("#!/elsewhere/.venv/bin/python\n")
    assert not bootstrap.is_usable()


@pytest.mark.parametrize("sourced", [True, False])
def test_what_is_added_does_not_change_the_libraries_of_the_robot(
    bootstrap, monkeypatch, tmp_path, sourced
) -> None:
    bootstrap.VENV.mkdir(parents=True)
    (bootstrap.VENV / ".requirements-stamp").write_text("key")
    for name in ("ROS_DISTRO", "AMENT_PREFIX_PATH"):
        monkeypatch.setenv(name, "jazzy" if sourced else "")
    given = []
    monkeypatch.setattr(bootstrap, "install", lambda files, *options: given.extend(options))
    bootstrap.add("train", "torch")
    assert given == ([] if sourced else ["-c", ROOT / "requirements" / "runtime.txt"])


def test_a_changed_requirement_or_message_changes_the_key(bootstrap, tmp_path) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("numpy==1\n")
    before = bootstrap.digest([file], "3.11")
    assert before == bootstrap.digest([file], "3.11")
    file.write_text("numpy==2\n")
    assert bootstrap.digest([file], "3.11") != before
    assert bootstrap.digest([file], "3.12") != bootstrap.digest([file], "3.11")


def test_a_demo_to_be_looked_at_sets_up_the_page_and_opens_what_it_recorded() -> None:
    def planned(*given: str) -> str:
        command = ["make", "-n", "-C", str(ROOT), "demo", *given]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    looked_at = planned("VIEW=1", "OUT=out/mine")
    assert "bootstrap.py --view" in looked_at
    assert 'ddff view "out/mine"' in looked_at
    plain = planned()
    assert "ddff view" not in plain and "--view" not in plain


def test_the_oldest_libraries_are_the_same_ones_and_for_jazzy_from_pypi_alone(
    bootstrap, monkeypatch
) -> None:
    folder = ROOT / "requirements"
    newest, oldest = (
        {
            # Of OpenCV the build with the contributed modules, as Ubuntu's is.
            line.split("==")[0].replace("-contrib", ""): tuple(
                int(part) for part in line.split("==")[1].split(".")
            )
            for line in (folder / name).read_text().splitlines()
            if line and not line.startswith("#")
        }
        for name in ("runtime.txt", "oldest.txt")
    )
    assert set(oldest) == set(newest)
    assert all(oldest[name] <= newest[name] for name in newest) and oldest != newest
    monkeypatch.setattr(bootstrap, "OLDEST", True)
    with pytest.raises(bootstrap.MissingError, match="OLDEST=1 is for ROS 2 Jazzy from PyPI"):
        bootstrap.check_machine(sourced=True)
    monkeypatch.setattr(bootstrap, "ROS", "kilted")
    with pytest.raises(bootstrap.MissingError, match="leave out ROS"):
        bootstrap.check_machine(sourced=False)
