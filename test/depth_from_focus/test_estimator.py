import math
from functools import cache

import cv2
import numpy as np
import pytest
from thin_lens_sweeps import (
    LAYERS_DPT,
    SWEEP_DPT,
    inner,
    texture,
    thin_lens_stack,
    truth_dpt,
)

from ddff_perception.depth_from_focus.estimator import (
    DepthFromFocus,
    compose_all_in_focus,
)
from ddff_perception.depth_from_focus.methods import METHODS as ALL_METHODS
from ddff_perception.types import FocalStack, FocusSlice, InputError

STEP_DPT = SWEEP_DPT[1] - SWEEP_DPT[0]
# Largest error of 95 % of the pixels away from steps in depth, 1/m. Without a peak fit half a step
# is what there is to have; VDFF draws depth between slices towards them.
TOLERANCE_DPT = {
    "multiscale": 0.05,
    "focus_measure": 0.03,
    "yardstick": 0.51 * STEP_DPT,
    "vdff": 0.45 * STEP_DPT,
    "tv": 0.03,
    "nonlinear": 0.03,
}
# The learned ones have tests of their own (test_learned.py, test_train_papers.py).
METHODS = [name for name in ALL_METHODS if name in TOLERANCE_DPT]
METHODS_AND_TOLERANCES = [(name, TOLERANCE_DPT[name]) for name in METHODS]


@pytest.fixture(scope="module")
def stack():
    return thin_lens_stack()


@pytest.fixture(scope="module")
def whole(stack):
    """The estimate of the whole stack by a method; nothing changes it."""
    return cache(lambda method: DepthFromFocus(method).process(stack))


@pytest.fixture(scope="module")
def small_stack():
    return thin_lens_stack(SWEEP_DPT[::2], sharp=texture(40, 60))


def with_images(stack, change):
    return FocalStack(
        tuple(FocusSlice(change(item.image), item.focus_distance_m) for item in stack.slices)
    )


def with_distances(stack, distances):
    pairs = zip(stack.slices, distances, strict=True)
    return FocalStack(tuple(FocusSlice(item.image, distance) for item, distance in pairs))


def grey(image):
    return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)


def sixteen_bit(image):
    return image.astype(np.uint16) * 257


def medians(values, layers=LAYERS_DPT):
    mask, truth = inner(layers), truth_dpt(layers)
    return [float(np.median(values[mask & (truth == np.float32(layer))])) for layer in layers]


@pytest.mark.parametrize("method", METHODS)
def test_slices_in_any_order_with_replacement_and_removal_give_the_whole_stack(method, small_stack):
    whole = DepthFromFocus(method).process(small_stack)
    streamed = DepthFromFocus(method)
    rng = np.random.default_rng(1)
    wrong = rng.integers(0, 256, small_stack.images[0].shape, np.uint8)
    for slot in rng.permutation(len(small_stack.slices)):
        streamed.update(FocusSlice(wrong, small_stack.slices[slot].focus_distance_m), int(slot))
    streamed.update(FocusSlice(wrong, 0.123), 99)
    streamed.estimate()
    streamed.remove(99)
    for slot in rng.permutation(len(small_stack.slices)):
        streamed.update(small_stack.slices[slot], int(slot))
    estimate = streamed.estimate()
    np.testing.assert_allclose(estimate.depth, whole.depth, atol=1e-5, rtol=0)
    np.testing.assert_allclose(estimate.confidence, whole.confidence, atol=1e-5, rtol=0)
    np.testing.assert_array_equal(estimate.all_in_focus, whole.all_in_focus)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_a_stack_does_not_matter(method, small_stack):
    turned = FocalStack(small_stack.slices[::-1])
    estimator = DepthFromFocus(method)
    expected = estimator.process(small_stack).depth
    np.testing.assert_allclose(estimator.process(turned).depth, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("method", "tolerance"), METHODS_AND_TOLERANCES)
def test_planes_seen_through_a_thin_lens_have_their_depth(method, tolerance, stack, whole):
    estimate = whole(method)
    assert estimate.depth.dtype == estimate.confidence.dtype == np.float32
    assert estimate.depth.shape == estimate.confidence.shape == stack.images[0].shape[:2]
    assert not estimate.relative
    assert estimate.coverage == 1.0
    error = np.abs(1 / estimate.depth - truth_dpt())[inner()]
    assert np.quantile(error, 0.95) <= tolerance
    assert np.median(estimate.confidence[inner()]) > 0.6


@pytest.mark.parametrize(
    ("method", "parameters", "share"),
    [
        ("multiscale", {}, 0.15),
        ("focus_measure", {}, 0.15),
        ("focus_measure", {"peak": "parabola"}, 0.25),
        ("nonlinear", {}, 0.15),
    ],
)
def test_depth_between_slices_is_found_to_a_share_of_their_step(method, parameters, share):
    layers = (0.6, 1.15, 1.65)
    estimator = DepthFromFocus(method, parameters)
    estimate = estimator.process(thin_lens_stack(layers=layers))
    found = medians(1 / estimate.depth, layers)
    assert found == pytest.approx(layers, abs=share * STEP_DPT)


def test_uneven_steps_of_the_sweep_are_taken_as_they_are():
    sweep = (0.25, 0.4, 0.5, 0.75, 1.0, 1.3, 1.5, 1.8, 2.0, 2.25)
    estimate = DepthFromFocus().process(thin_lens_stack(sweep))
    assert medians(1 / estimate.depth) == pytest.approx(LAYERS_DPT, abs=0.06)


@pytest.mark.parametrize("method", METHODS)
def test_unknown_distances_give_the_position_in_the_sweep(method, stack):
    estimate = DepthFromFocus(method).process(with_distances(stack, [math.nan] * len(SWEEP_DPT)))
    assert estimate.relative
    assert estimate.depth.min() >= 0 and estimate.depth.max() <= 1
    places = [(layer - SWEEP_DPT[0]) / (SWEEP_DPT[-1] - SWEEP_DPT[0]) for layer in LAYERS_DPT]
    tolerance = TOLERANCE_DPT[method] / (SWEEP_DPT[-1] - SWEEP_DPT[0])
    assert medians(estimate.depth) == pytest.approx(places, abs=tolerance)


def test_slices_of_unknown_distance_are_left_out_where_two_are_known(stack):
    distances = [item.focus_distance_m for item in stack.slices]
    some = [d if number % 4 else math.nan for number, d in enumerate(distances)]
    known = FocalStack(tuple(s for number, s in enumerate(stack.slices) if number % 4))
    estimate = DepthFromFocus().process(with_distances(stack, some))
    assert not estimate.relative
    np.testing.assert_array_equal(estimate.depth, DepthFromFocus().process(known).depth)
    one = [distances[0]] + [math.nan] * (len(distances) - 1)
    assert DepthFromFocus().process(with_distances(stack, one)).relative


@pytest.mark.parametrize("method", METHODS)
def test_a_slice_at_infinity_is_a_slice_like_any_other(method):
    layers = (0.0, 0.6, 1.35)
    sweep = tuple(np.linspace(0.0, 2.0, 9))
    stack = thin_lens_stack(sweep, layers)
    assert math.isinf(stack.slices[0].focus_distance_m)
    depth = DepthFromFocus(method).process(stack).depth
    assert not np.isnan(depth).any()
    assert medians(1 / depth, layers) == pytest.approx(layers, abs=TOLERANCE_DPT[method])
    infinite = depth[inner(layers) & (truth_dpt(layers) == 0)]
    assert infinite.min() > 1 / TOLERANCE_DPT[method]
    # The smoothness of VDFF pulls every plane a little towards the others.
    assert method == "vdff" or np.isposinf(infinite).mean() > 0.5


def test_a_weight_lowers_the_confidence_of_what_its_slice_decides(small_stack):
    plain = DepthFromFocus("yardstick")
    before = plain.process(small_stack)
    weighted = DepthFromFocus("yardstick")
    for slot, item in enumerate(small_stack.slices):
        weighted.update(item, slot, weight=0.25 if slot == 1 else 1.0)
    after = weighted.estimate()
    np.testing.assert_array_equal(after.depth, before.depth)
    decided = np.isclose(before.depth, small_stack.slices[1].focus_distance_m)
    assert 0.05 < decided.mean() < 0.95
    share = after.confidence / before.confidence
    np.testing.assert_allclose(share[decided], 0.25, rtol=1e-4)
    np.testing.assert_allclose(share[~decided], 1.0, rtol=1e-4)


def test_a_weight_of_zero_holds_a_slice_back_until_it_comes_again(small_stack):
    others = FocalStack(tuple(s for slot, s in enumerate(small_stack.slices) if slot != 2))
    estimator = DepthFromFocus()
    for slot, item in enumerate(small_stack.slices):
        estimator.update(item, slot, weight=0.0 if slot == 2 else 1.0)
    np.testing.assert_allclose(
        estimator.estimate().depth, DepthFromFocus().process(others).depth, atol=1e-5
    )
    estimator.update(small_stack.slices[2], 2)
    np.testing.assert_allclose(
        estimator.estimate().depth, DepthFromFocus().process(small_stack).depth, atol=1e-5
    )
    for slot, item in enumerate(small_stack.slices):
        estimator.update(item, slot, weight=0.0)
    with pytest.raises(InputError, match="no usable slice"):
        estimator.estimate()


@pytest.mark.parametrize("method", METHODS)
def test_one_slice_bounds_nothing(method, stack):
    estimate = DepthFromFocus(method).process(FocalStack(stack.slices[3:4]))
    assert np.isnan(estimate.depth).all()
    assert not estimate.confidence.any()
    assert estimate.coverage == 0.0
    np.testing.assert_array_equal(estimate.all_in_focus, stack.images[3])


@pytest.mark.parametrize("method", METHODS)
def test_two_slices_tell_near_from_far(method, stack):
    estimate = DepthFromFocus(method).process(FocalStack((stack.slices[1], stack.slices[6])))
    far, _, near = medians(1 / estimate.depth)
    assert far == pytest.approx(SWEEP_DPT[1], abs=0.05)
    assert near == pytest.approx(SWEEP_DPT[6], abs=0.05)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("content", ["textured", "blank", "noisy"])
def test_slices_that_are_all_equal_give_little_confidence(method, content, stack):
    rng = np.random.default_rng(3)
    image = {
        "textured": lambda: stack.images[0],
        "blank": lambda: np.full_like(stack.images[0], 90),
        "noisy": lambda: np.clip(stack.images[0] + rng.normal(0, 2, stack.images[0].shape), 0, 255),
    }[content]
    estimate = DepthFromFocus(method).process(
        with_images(stack, lambda _: image().astype(np.uint8))
    )
    assert np.isfinite(estimate.depth).all()
    assert np.median(estimate.confidence) < 0.15


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("change", "shape", "dtype"),
    [
        (sixteen_bit, (96, 168, 3), np.uint16),
        (grey, (96, 168), np.uint8),
        (lambda image: sixteen_bit(grey(image)), (96, 168), np.uint16),
    ],
    ids=["16 bit", "grey", "16-bit grey"],
)
def test_depth_does_not_depend_on_the_pixel_type(method, change, shape, dtype, stack, whole):
    expected = whole(method)
    estimate = DepthFromFocus(method).process(with_images(stack, change))
    difference = np.abs(1 / estimate.depth - 1 / expected.depth)
    assert np.quantile(difference, 0.99) < 0.01
    assert estimate.all_in_focus.shape == shape
    assert estimate.all_in_focus.dtype == dtype


@pytest.mark.parametrize("method", METHODS)
def test_the_all_in_focus_image_is_sharper_than_every_slice(method, stack, whole):
    estimate = whole(method)
    sharp = texture()
    mask = inner(margin=8)

    def sharpness(image):
        return cv2.Laplacian(grey(image), cv2.CV_32F)[mask].var()

    def distance(image):
        return np.abs(image.astype(float) - sharp)[mask].mean()

    assert sharpness(estimate.all_in_focus) > 1.3 * max(sharpness(i) for i in stack.images)
    assert distance(estimate.all_in_focus) < 0.7 * min(distance(i) for i in stack.images)


def test_the_composite_takes_the_nearest_slices_and_leaves_them_alone():
    images = [np.full((8, 8, 3), value, np.uint8) for value in (10, 20, 30)]
    position = np.tile(np.array([0.0, 0.2, 0.5, 1.2, 1.6, 2.0, 9.0, -1], np.float32), (8, 1))
    composite = compose_all_in_focus(images, position, np.array([0.0, 1.0, 2.0]))
    # Half way between two slices lies some of both.
    assert composite[0, :, 0].tolist() == [10, 10, 15, 20, 27, 30, 30, 10]
    assert [image.min() for image in images] == [image.max() for image in images] == [10, 20, 30]


def test_no_composite_is_made_unasked(small_stack):
    estimator = DepthFromFocus()
    assert estimator.process(small_stack, all_in_focus=False).all_in_focus is None
    assert "all_in_focus" not in estimator.estimate(all_in_focus=False).timings_ms


def test_the_time_of_each_stage_is_told(small_stack):
    timings = DepthFromFocus().process(small_stack).timings_ms
    assert set(timings) == {"slice", "solve", "depth", "all_in_focus"}
    assert all(0 < value < 10_000 for value in timings.values())
    with pytest.raises(TypeError):
        timings["slice"] = 0.0


def test_pixels_below_the_minimum_confidence_have_no_depth(stack):
    plain = DepthFromFocus().process(stack)
    limit = float(np.quantile(plain.confidence, 0.3))
    estimator = DepthFromFocus(parameters={"minimum_confidence": limit})
    strict = estimator.process(stack)
    np.testing.assert_array_equal(np.isnan(strict.depth), plain.confidence < limit)
    assert strict.coverage == pytest.approx(0.7, abs=0.02)
    estimator.minimum_confidence = 0.0
    assert estimator.estimate().coverage == 1.0
    with pytest.raises(InputError, match="minimum_confidence"):
        estimator.minimum_confidence = 1.5


def test_a_slice_of_a_distance_that_is_there_takes_its_place(small_stack):
    estimator = DepthFromFocus()
    slots = [estimator.update(item) for item in small_stack.slices]
    assert slots == list(range(len(slots)))
    again = FocusSlice(np.zeros_like(small_stack.images[0]), small_stack.slices[1].focus_distance_m)
    assert estimator.update(again) == 1
    assert estimator.slots[1].image is again.image
    assert len(estimator.slots) == len(slots)
    assert estimator.update(FocusSlice(again.image, math.nan)) == len(slots)
    assert estimator.update(FocusSlice(again.image, math.nan)) == len(slots) + 1
    infinite = estimator.update(FocusSlice(again.image, math.inf))
    assert estimator.update(FocusSlice(again.image, math.inf)) == infinite


def test_two_slots_of_one_distance_are_one_slice(small_stack):
    estimator = DepthFromFocus()
    for slot, item in enumerate(small_stack.slices):
        estimator.update(item, slot)
    estimator.update(small_stack.slices[1], 7)
    assert sorted(estimator.slots) == [0, 2, 3, 4, 7]
    np.testing.assert_allclose(
        estimator.estimate().depth, DepthFromFocus().process(small_stack).depth, atol=1e-5
    )


def test_reset_forgets_every_slice_and_takes_another_size(small_stack):
    estimator = DepthFromFocus()
    estimator.process(small_stack)
    estimator.remove(12345)
    estimator.reset()
    assert estimator.slots == {}
    with pytest.raises(InputError, match="no usable slice"):
        estimator.estimate()
    half = with_images(small_stack, lambda image: image[:20, :30])
    assert estimator.process(half).depth.shape == (20, 30)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((40, 61, 3), np.uint8), "reset before another size"),
        (np.zeros((40, 60), np.uint8), "reset before another size"),
        (np.zeros((40, 60, 3), np.uint16), "reset before another size"),
        (np.zeros((0, 60, 3), np.uint8), "cannot be a slice"),
        (np.zeros((40, 60, 3, 1), np.uint8), "cannot be a slice"),
        (np.zeros((40, 60, 4), np.uint8), "cannot be a slice"),
        (np.zeros((40, 60, 2), np.uint8), "cannot be a slice"),
        (np.zeros((40, 60, 3), np.float32), "cannot be a slice"),
        (np.zeros((40, 60, 3), np.int16), "cannot be a slice"),
        (np.zeros((7, 60, 3), np.uint8), "at least 8 x 8"),
    ],
)
def test_an_image_that_cannot_be_a_slice_is_refused_and_changes_nothing(image, words, small_stack):
    estimator = DepthFromFocus()
    before = estimator.process(small_stack).depth
    with pytest.raises(InputError, match=words):
        estimator.update(FocusSlice(image, 1.0))
    np.testing.assert_array_equal(estimator.estimate().depth, before)


@pytest.mark.parametrize("distance", [0.0, -1.0, -math.inf])
def test_a_focus_distance_that_is_none_is_refused(distance, small_stack):
    with pytest.raises(InputError, match="must be positive"):
        DepthFromFocus().update(FocusSlice(small_stack.images[0], distance))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(8, 8), (9, 31), (33, 8)])
def test_small_and_odd_sizes_work(method, size, stack):
    cut = with_images(stack, lambda image: np.ascontiguousarray(image[: size[0], : size[1]]))
    estimate = DepthFromFocus(method).process(cut)
    assert estimate.depth.shape == size
    assert np.isfinite(estimate.depth).all()
    assert np.median(1 / estimate.depth) == pytest.approx(LAYERS_DPT[0], abs=0.6 * STEP_DPT)


def test_the_method_may_be_named_among_the_parameters():
    assert DepthFromFocus(parameters={"method": "vdff", "alpha": 4.0}).method == "vdff"
    assert DepthFromFocus("tv").method == "tv"


@pytest.mark.parametrize(
    ("method", "parameters", "words"),
    [
        ("nonsense", {}, "no method 'nonsense'; there are: multiscale"),
        ("multiscale", {"window": 3}, "no parameter 'window'"),
        ("yardstick", {"window": 0}, "window must lie in 1 .. 63 px"),
        ("multiscale", {"minimum_confidence": 2.0}, "minimum_confidence must lie in 0 .. 1"),
    ],
)
def test_a_method_or_parameter_that_is_not_there_is_named(method, parameters, words):
    with pytest.raises(InputError, match=words):
        DepthFromFocus(method, parameters)
