"""`ddff train` and `ddff export` overwrite nothing that they did not write."""

import pytest
from output_cases import Case, assert_nothing_is_lost

pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.depth_from_focus.training import networks as registry
from ddff_perception.engines.model_zoo import WEIGHTS

TRAIN = ("train", "depth_from_focus", "--network", "tiny", "--preset", "smoke", "-s", "steps=6")


def test_training_leaves_what_a_user_has(tmp_path, capfd, monkeypatch):
    monkeypatch.setitem(registry.NETWORKS, "tiny", "tiny_training")
    assert_nothing_is_lost(capfd, Case(lambda i, o: (*TRAIN, "-o", o), again=False), tmp_path)


def test_exporting_leaves_what_a_user_has(tmp_path, capfd):
    weights = WEIGHTS / "surface.safetensors"
    # The card, which comes last.
    names = ("reflection_surface.json",)
    case = Case(lambda i, o: ("export", "reflection", weights, "-o", o), names=names)
    assert_nothing_is_lost(capfd, case, tmp_path)
