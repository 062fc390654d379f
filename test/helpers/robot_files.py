"""A node's parameter file from config/, as it ships and as a user has changed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddff_perception.ros.parameter_file import given_settings

CONFIG = Path(__file__).resolve().parents[2] / "config"


def robot_files(node, changes):
    """A fixture: the path of the node's file, as shipped and with texts replaced."""

    @pytest.fixture(params=["shipped", "changed"])
    def robot(request, tmp_path):
        text = (CONFIG / f"{node}.yaml").read_text()
        for old, new in changes.items() if request.param == "changed" else ():
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "robot.yaml"
        path.write_text(text)
        return path

    return robot


def node_values(interface, *given, **options):
    """All values of a node: its defaults, over them what `given_settings` finds."""
    return interface.parameters.complete(given_settings(interface, *given, **options))


def assert_refused(outcome, words):
    """The command ended with one sentence that holds `words`."""
    assert outcome.status == 2
    assert words in outcome.errors
    assert "Traceback" not in outcome.errors
