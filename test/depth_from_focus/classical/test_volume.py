import numpy as np
import pytest
from thin_lens_sweeps import LAYERS_DPT, SWEEP_DPT, inner, thin_lens_stack, truth_dpt

from ddff_perception.depth_from_focus.classical.aggregation import AggregationSettings
from ddff_perception.depth_from_focus.classical.focus_measures import FOCUS_MEASURES, yardstick
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.methods import create_method, method_parameters
from ddff_perception.types import InputError

STEP_DPT = SWEEP_DPT[1] - SWEEP_DPT[0]
POSITIONS = np.array(SWEEP_DPT)


@pytest.fixture(scope="module")
def stack():
    return thin_lens_stack()


def found_dpt(method, stack, parameters):
    return 1 / DepthFromFocus(method, parameters).process(stack, all_in_focus=False).depth


def medians(values):
    truth, mask = truth_dpt(), inner()
    return [float(np.median(values[mask & (truth == np.float32(d))])) for d in LAYERS_DPT]


@pytest.mark.parametrize("measure", FOCUS_MEASURES)
def test_every_focus_measure_finds_the_planes(measure, stack):
    found = medians(found_dpt("focus_measure", stack, {"measure": measure}))
    assert found == pytest.approx(LAYERS_DPT, abs=0.35 * STEP_DPT)


@pytest.mark.parametrize("aggregation", AggregationSettings.table()["aggregation"].choices)
@pytest.mark.parametrize("method", ["focus_measure", "nonlinear", "tv"])
def test_every_aggregation_finds_the_planes(method, aggregation, stack):
    found = medians(found_dpt(method, stack, {"aggregation": aggregation}))
    assert found == pytest.approx(LAYERS_DPT, abs=0.35 * STEP_DPT)


def test_a_wider_window_has_fewer_outliers():
    stack = thin_lens_stack(noise=12.0)

    def outliers(radius):
        error = np.abs(found_dpt("focus_measure", stack, {"radius": radius}) - truth_dpt())
        return np.mean(error[inner()] > STEP_DPT)

    assert outliers(1) > 5 * outliers(6)


def test_the_yardstick_is_the_sharpest_slice_as_everyone_takes_it(stack):
    index = yardstick(stack.images, 9)
    expected = POSITIONS.astype(np.float32)[index]
    np.testing.assert_allclose(found_dpt("yardstick", stack, {}), expected, rtol=1e-6)
    narrow = POSITIONS.astype(np.float32)[yardstick(stack.images, 3)]
    np.testing.assert_allclose(found_dpt("yardstick", stack, {"window": 3}), narrow, rtol=1e-6)
    assert (narrow != expected).any()


def test_without_a_fit_the_peak_is_a_slice(stack):
    found = found_dpt("focus_measure", stack, {"peak": "none"})
    assert np.abs(found[..., None] - POSITIONS).min(axis=-1).max() < 1e-5
    fitted = found_dpt("focus_measure", stack, {"peak": "gaussian"})
    assert np.abs(fitted[..., None] - POSITIONS).min(axis=-1).max() > 0.1


@pytest.mark.parametrize("kind", ["focus_measure", "yardstick", "vdff", "tv", "nonlinear"])
def test_one_slice_is_its_own_position_without_confidence(kind, stack):
    method = create_method(kind)
    method.add(4, stack.images[0])
    solution = method.solve([4], np.array([0.8]))
    np.testing.assert_array_equal(solution.position, np.full((96, 168), 0.8, np.float32))
    assert not solution.confidence.any()


@pytest.mark.parametrize("layers", [(0.26, 0.6, 1.35), (0.6, 1.35, 2.24)])
def test_a_plane_at_an_end_of_the_sweep_leaves_the_others_alone(layers):
    found = found_dpt("vdff", thin_lens_stack(layers=layers), {})
    mask, truth = inner(layers), truth_dpt(layers)
    planes = [float(np.median(found[mask & (truth == np.float32(d))])) for d in layers]
    assert planes == pytest.approx(layers, abs=0.45 * STEP_DPT)


def test_more_weight_on_the_data_is_less_smooth(stack):
    def roughness(alpha):
        found = found_dpt("vdff", stack, {"alpha": alpha, "iterations": 150})
        return np.abs(np.diff(found, axis=0)).mean()

    assert roughness(0.5) < roughness(20.0)


def test_each_kind_has_the_parameters_of_its_stages():
    names = {
        kind: {p.name for p in method_parameters(kind)}
        for kind in ("focus_measure", "yardstick", "vdff", "tv", "nonlinear")
    }
    assert names["yardstick"] == {"window"}
    shared = {"measure", "aggregation", "radius"}
    for kind in ("focus_measure", "tv", "nonlinear"):
        assert shared < names[kind]
    assert "peak" in names["focus_measure"]
    assert "data_weight" in names["tv"]
    # The recipe fixes the focus measure of VDFF.
    assert not shared & names["vdff"]
    assert {"alpha", "degree", "iterations"} <= names["vdff"]


def test_a_measure_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"measure must be one of .*tenengrad"):
        create_method("focus_measure", {"measure": "sharpness"})
