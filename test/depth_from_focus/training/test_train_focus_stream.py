"""FocusStream learns, is exported, and what comes out runs as a method."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

from thin_lens_sweeps import thin_lens_stack

from ddff_perception.depth_from_focus.data.generated import making as data_making
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.registry import CAPABILITIES
from ddff_perception.training.export import export_weights
from ddff_perception.training.fit import fit
from ddff_perception.training.progress import progress_to
from ddff_perception.training.registry import make_job
from ddff_perception.types import InputError

CAPABILITY = CAPABILITIES["depth_from_focus"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    texts = [f"stacks_folder={folder / 'stacks'}", "steps=12", "log_every=1"]
    losses: list[float] = []

    def show(step, total, values):
        if "loss" in values:
            losses.append(float(values["loss"]))

    told: list[tuple[str, int, int]] = []
    with progress_to(lambda *words: told.append(words)):
        job = make_job(CAPABILITY, "focus_stream", "smoke", texts)
    assert told == [("blurring stacks", 3, 6), ("blurring stacks", 6, 6)]
    return Path(fit(job, folder / "out", False, show)), losses


def test_its_loss_falls_within_a_few_steps(run):
    _, losses = run
    assert len(losses) >= 8
    assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:3])


def test_both_precisions_are_exported_with_whole_cards(run, tmp_path):
    weights, _ = run
    for precision in ("float32", "float16"):
        for path in export_weights(CAPABILITY, weights, tmp_path, precision):
            card = find_model(path).card
            assert card.precision == precision
            assert card.training_command.startswith("ddff train depth_from_focus")
            assert card.parameters and card.limits and card.data
    small = DepthFromFocus(
        "focus_stream",
        {"model": str(tmp_path / "focus_stream"), "precision": "float16", "engine": "onnxruntime"},
    )
    full = DepthFromFocus(
        "focus_stream", {"model": str(tmp_path / "focus_stream"), "engine": "onnxruntime"}
    )
    stack = thin_lens_stack()
    difference = np.abs(1 / small.process(stack).depth - 1 / full.process(stack).depth)
    assert np.median(difference) < 0.01


def test_int8_files_hold_whole_numbers_and_give_nearly_the_same_depth(run, tmp_path):
    weights, _ = run
    stacks = weights.parent.parent / "stacks"
    with pytest.raises(InputError, match="calibrated on training stacks"):
        export_weights(CAPABILITY, weights, tmp_path, "int8")
    for path in export_weights(CAPABILITY, weights, tmp_path, "int8", [stacks]):
        card = find_model(path).card
        assert card.precision == "int8" and card.name.endswith("_int8")
        kinds = [node.op_type for node in onnx.load(path).graph.node]
        assert kinds.count("DequantizeLinear") > 2 * kinds.count("Conv") * 0.8
    files = {"model": str(tmp_path / "focus_stream"), "engine": "onnxruntime"}
    small = DepthFromFocus("focus_stream", {**files, "precision": "int8"})
    full = DepthFromFocus("focus_stream", files)
    stack = thin_lens_stack()
    difference = np.abs(1 / small.process(stack).depth - 1 / full.process(stack).depth)
    assert np.median(difference) < 0.05


def test_data_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="no training stacks"):
        make_job(CAPABILITY, "focus_stream", "smoke", (), [tmp_path])


def test_a_renderer_that_fails_is_told_and_stops_the_training(tmp_path, monkeypatch):
    monkeypatch.setattr(data_making, "find_spec", lambda name: object())
    monkeypatch.setattr(data_making.sys, "executable", "false")
    wanted = (f"stacks_folder={tmp_path / 'stacks'}", "views=2")
    with pytest.raises(InputError, match="could not be rendered: --set views=0"):
        make_job(CAPABILITY, "focus_stream", "smoke", wanted)
