import json
import math

import numpy as np
import pytest
from result_folders import TRUTH, make_result, make_stack

from ddff_perception.depth_from_focus.evaluation.results import Evaluated, read_result
from ddff_perception.evaluation.depth.evaluation import DepthEvaluation
from ddff_perception.evaluation.reports.facts import number
from ddff_perception.evaluation.reports.results import match_truths
from ddff_perception.files.atomic import write_json
from ddff_perception.files.images import write_array
from ddff_perception.types import InputError


def test_a_result_is_scored_against_its_stack(tmp_path):
    folder = make_result(tmp_path / "room")
    result = read_result(folder, make_stack(tmp_path / "stack", aperture=0.01))
    assert result.name == "room"
    assert len(result.stack.slices) == 2
    # 1.25 m for 1 m is 0.2 dioptres off, 2.5 m for 2 m is 0.1.
    assert result.evaluated.score("mae", "covered") == pytest.approx(0.15)
    assert result.evaluated.score("coverage", "covered") == pytest.approx(23 / 24)
    assert result.evaluated.score("mae", "covered", "disparity") == pytest.approx(0.4 * 0.15)
    assert result.evaluated.sparsification is not None
    assert len(result.evaluated.curve()) == len(result.evaluated.thresholds()) == 101


def test_a_truth_may_be_a_single_map(tmp_path):
    write_array(tmp_path / "truth.npy", TRUTH)
    result = read_result(make_result(tmp_path / "room"), tmp_path / "truth.npy")
    assert result.stack is None
    assert result.evaluated.score("mae", "covered") == pytest.approx(0.15)


def test_scores_are_read_from_the_evaluation_beside_the_result(tmp_path):
    folder = make_result(tmp_path / "room")
    assert read_result(folder).evaluated is None
    evaluation = DepthEvaluation()
    evaluation.add(TRUTH * 2, TRUTH, np.ones_like(TRUTH))
    write_json(folder / "evaluation.json", evaluation.to_json())
    evaluated = read_result(folder).evaluated
    assert evaluated.score("mae", "covered", "depth") == pytest.approx(1.5)
    assert evaluated.sparsification == evaluation.sparsification()
    assert evaluated.reliability.observed == evaluation.reliability().observed == 0.0


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        "{}",
        '{"schema": "ddff-evaluation/1", "sparsification": {"share": [1]}}',
        '{"schema": "ddff-evaluation/1", "sparsification": {"share":[],"error":[],"oracle":[]}}',
        '{"schema": "ddff-evaluation/1", "reliability": {"bins": [{"low": "x"}]}}',
        '{"schema": "ddff-evaluation/1", "reliability": {"bins": 3}}',
    ],
)
def test_a_broken_evaluation_is_refused_by_name(tmp_path, content):
    folder = make_result(tmp_path / "room")
    (folder / "evaluation.json").write_text(content)
    with pytest.raises(InputError, match=r"evaluation\.json"):
        read_result(folder)


def test_missing_scores_are_unknown_and_not_an_error():
    evaluated = Evaluated.from_json({"schema": "ddff-evaluation/1", "scores": {"filled": 3}})
    assert math.isnan(evaluated.score("mae"))
    assert evaluated.curve() == []
    assert math.isnan(number(json.loads('{"a": {"b": true}}'), "a", "b"))
    assert math.isnan(number({"a": 10**400}, "a"))


def test_relative_depth_keeps_its_zero_and_is_not_scored(tmp_path):
    depth = np.linspace(0, 1, TRUTH.size, dtype=np.float32).reshape(TRUTH.shape)
    folder = make_result(tmp_path / "phone", depth, relative=True)
    result = read_result(folder, make_stack(tmp_path / "stack"))
    assert result.relative
    assert result.depth[0, 0] == 0.0
    assert result.evaluated is None


def test_a_folder_without_depth_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no depth\.npy"):
        read_result(tmp_path)


def test_truths_are_matched_in_order_or_by_name(tmp_path):
    folders = [tmp_path / "out" / name for name in ("a", "b")]
    stacks = tmp_path / "stacks"
    for name in ("a", "b"):
        (stacks / name).mkdir(parents=True)
    assert match_truths(folders, []) == [None, None]
    assert match_truths(folders, [stacks / "b", stacks / "a"]) == [stacks / "b", stacks / "a"]
    assert match_truths(folders, [stacks]) == [stacks / "a", stacks / "b"]
    with pytest.raises(InputError, match="holds no folder c"):
        match_truths([*folders, tmp_path / "c"], [stacks])
    with pytest.raises(InputError, match="3 results but 2 truths"):
        match_truths([*folders, tmp_path / "c"], [stacks, stacks])
