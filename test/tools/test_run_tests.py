"""The runner of the suite: what is marked `alone` runs last, in a process without others."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = """
import os
import pytest
def note(name):
    with open({log!r}, "a") as log:
        log.write(f"{{name}} {{'PYTEST_XDIST_WORKER' in os.environ}}\\n")
@pytest.mark.alone
def test_timed():
    note("timed")
def test_usual():
    note("usual")
"""


@pytest.fixture(scope="module")
def commands():
    spec = importlib.util.spec_from_file_location("run_tests", ROOT / "tools" / "run_tests.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.commands


def test_marked_tests_run_once_after_the_others_without_workers(commands, tmp_path):
    log = tmp_path / "log.txt"
    (tmp_path / "test_both.py").write_text(TESTS.format(log=str(log)))
    # This test may run in a worker itself.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_XDIST")}
    for command in commands(tmp_path, 2, ["-p", "no:cacheprovider"]):
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment
        )
        assert result.returncode == 0, result.stdout
    assert log.read_text().splitlines() == ["usual True", "timed False"]


def test_only_files_with_the_marker_are_read_again(commands, tmp_path):
    (tmp_path / "test_usual.py").write_text("def test_usual(): pass\n")
    assert len(commands(tmp_path, 2, [])) == 1
    (tmp_path / "test_timed.py").write_text(TESTS)
    together, alone = commands(tmp_path, 2, ["-x"])
    assert "-x" in together and "-x" in alone
    assert [Path(part).name for part in alone if part.endswith(".py")] == ["test_timed.py"]
