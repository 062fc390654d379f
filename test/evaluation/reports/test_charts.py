import cv2
import numpy as np

from ddff_perception.evaluation.depth.charts import (
    badpix_chart,
    reliability_chart,
    sparsification_chart,
)
from ddff_perception.evaluation.depth.reliability import reliability
from ddff_perception.evaluation.depth.sparsification import sparsification_curve
from ddff_perception.evaluation.reports.charts import Chart, Series, write_chart


def picture_of(chart, folder):
    write_chart(folder / "chart.png", chart)
    return cv2.imread(str(folder / "chart.png"))


def test_a_chart_is_written_as_png_with_its_curve(tmp_path):
    empty = Chart("c", "x", "y", [Series("s", (0, 1), (np.nan, np.nan))], (0, 1), (0, 1))
    curve = Chart("c", "x", "y", [Series("s", (0, 1), (0, 1))], (0, 1), (0, 1))
    picture = picture_of(curve, tmp_path)
    assert picture.shape == (576, 896, 3)
    assert np.any(picture != picture_of(empty, tmp_path))


def test_every_kind_of_chart_can_be_drawn(tmp_path):
    values = np.linspace(1, 2, 100, dtype=np.float32).reshape(10, 10)
    curve = sparsification_curve(values, values)
    charts = [
        badpix_chart("depth", (0.0, 0.1, 0.2), {"a": (90.0, 40.0, 5.0), "b": (80.0, 30.0, 9.0)}),
        sparsification_chart({"a": curve}),
        reliability_chart(reliability(values, values, values - 1)),
    ]
    for chart in charts:
        assert picture_of(chart, tmp_path) is not None


def test_a_single_sparsification_curve_comes_with_its_oracle():
    errors = np.arange(1.0, 21.0)
    curve = sparsification_curve(errors, errors)
    names = [series.name for series in sparsification_chart({"a": curve}).series]
    assert names == ["a", "oracle", "confidence that says nothing"]
    assert len(sparsification_chart({"a": curve, "b": curve}).series) == 2


def test_limits_hold_all_curves_and_start_at_zero():
    chart = Chart("c", "x", "y", [Series("s", (2, 4), (1.0, 5.0)), Series("t", (3, 6), (2.0, 3.0))])
    (left, right), (bottom, top) = chart.limits()
    assert (left, right, bottom) == (2, 6, 0)
    assert top >= 5.0
    assert Chart("c", "x", "y", []).limits() == ((0.0, 1.0), (0.0, 1.04))
