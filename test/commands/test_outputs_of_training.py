"""`ddff train` and `ddff export` overwrite nothing that they did not write."""

import pytest
from command_line import ddff
from output_cases import Case, assert_nothing_is_lost

pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.capability import Reference
from ddff_perception.registry import CAPABILITIES

TRAIN = ("train", "depth_from_focus", "--network", "tiny", "--preset", "smoke", "-s", "steps=6")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    networks = CAPABILITIES["depth_from_focus"].networks
    monkeypatch.setitem(networks, "tiny", Reference("tiny_training"))


def test_training_leaves_what_a_user_has(tmp_path, capfd):
    assert_nothing_is_lost(capfd, Case(lambda i, o: (*TRAIN, "-o", o), again=False), tmp_path)


def test_exporting_leaves_what_a_user_has(tmp_path, capfd):
    assert ddff(capfd, *TRAIN, "-o", tmp_path / "run").status == 0
    weights = tmp_path / "run" / "weights.safetensors"
    case = Case(lambda i, o: ("export", "depth_from_focus", weights, "-o", o))
    assert_nothing_is_lost(capfd, case, tmp_path)
