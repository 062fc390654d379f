import json
import math

import numpy as np
import pytest

from ddff_perception.evaluation.depth.evaluation import SCHEMA, VARIANTS, DepthEvaluation
from ddff_perception.evaluation.depth.metrics import ScoreSettings
from ddff_perception.files.atomic import write_json
from ddff_perception.types import InputError

NAN = math.nan


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


TRUTH = depth_map([1.0, 0.5], [0.5, 0.25])  # 1, 2, 2, 4 dioptres: the median is 2
ESTIMATE = depth_map([1.0, 1.0], [NAN, 0.25])
CONFIDENCE = depth_map([0.9, 0.1], [0.0, 0.8])


def test_covered_filled_and_constant_maps_are_scored_apart():
    evaluation = DepthEvaluation()
    evaluation.add(ESTIMATE, TRUTH)
    assert evaluation.scores("covered").mae == pytest.approx(1 / 3)
    assert evaluation.scores("covered").coverage == 0.75
    assert evaluation.scores("best_constant").mae == pytest.approx((1 + 0 + 0 + 2) / 4)
    filled = evaluation.scores("filled")
    assert filled.coverage == 1.0
    assert filled.mae in (pytest.approx(2 / 4), pytest.approx(3 / 4))  # two nearest pixels
    assert evaluation.scores("covered", "depth").mae == pytest.approx(0.5 / 3)


def test_confidence_is_judged_only_where_it_was_given():
    evaluation = DepthEvaluation()
    evaluation.add(ESTIMATE, TRUTH)
    assert evaluation.sparsification() is None
    assert evaluation.reliability() is None
    evaluation.add(ESTIMATE, TRUTH, CONFIDENCE)
    assert evaluation.images == 2
    assert evaluation.sparsification().error_of(0.5) == 0.0
    assert evaluation.reliability().observed == pytest.approx(2 / 3)


def test_evaluations_filled_apart_add_up():
    first, second = DepthEvaluation(), DepthEvaluation()
    first.add(ESTIMATE, TRUTH, CONFIDENCE)
    second.add(TRUTH, TRUTH, CONFIDENCE)
    joined = first + second
    assert joined.images == 2
    assert joined.scores("covered").mae == pytest.approx(1 / 6)
    assert joined.scores("covered", pooled=True).mae == pytest.approx(1 / 7)
    assert joined.sparsification().error_of(0.5) == 0.0
    with pytest.raises(ValueError, match="do not add up"):
        first + DepthEvaluation(domains=("depth",))
    with pytest.raises(ValueError, match="do not add up"):
        first + DepthEvaluation(ScoreSettings(badpix_depth=0.5))


def test_a_truth_without_known_pixels_is_refused():
    with pytest.raises(InputError, match="nothing to score"):
        DepthEvaluation().add(ESTIMATE, np.zeros((2, 2), np.float32))


def test_json_holds_every_measure_of_every_map_and_domain(tmp_path):
    evaluation = DepthEvaluation(ScoreSettings(baseline_focal=3.0))
    evaluation.add(ESTIMATE, TRUTH, CONFIDENCE)
    write_json(tmp_path / "e.json", evaluation.to_json())
    content = json.loads((tmp_path / "e.json").read_text())
    assert content["schema"] == SCHEMA
    assert content["settings"]["baseline_focal"] == 3.0
    assert set(content["scores"]) == set(VARIANTS)
    disparity = content["scores"]["covered"]["disparity"]
    assert disparity["mae"] == pytest.approx(1.0)
    assert disparity["bumpiness"] is None  # the map is smaller than the Hessian
    assert len(disparity["badpix_curve"]) == len(content["badpix_thresholds"]["disparity"])
    assert content["sparsification"]["error_of_half"] == 0.0
    assert len(content["reliability"]["bins"]) == 10
