"""FocusStream at run time, with the weights that ship."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from thin_lens_sweeps import BLUR_SCALE, inner, thin_lens_stack, truth_dpt

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.learned.focus_stream import prepared, subcell_px
from ddff_perception.types import FocalStack, FocusSlice, InputError

pytest.importorskip("onnxruntime")
ORT = {"engine": "onnxruntime", "threads": 1}


@pytest.fixture(scope="module")
def estimator():
    return DepthFromFocus("focus_stream", ORT)


@pytest.fixture(scope="module")
def stack():
    return thin_lens_stack()


def test_textured_planes_have_their_depth_between_the_slices(estimator, stack):
    estimate = estimator.process(stack)
    error = np.abs(1 / estimate.depth - truth_dpt())[inner()]
    assert error.mean() < 0.05
    assert estimate.confidence[inner()].mean() > 0.6
    assert estimate.all_in_focus is not None


def test_streaming_equals_batch(estimator, stack):
    whole = estimator.process(stack)
    fresh = DepthFromFocus("focus_stream", ORT)
    for number in (4, 0, 8, 2, 6, 1, 7, 3, 5):
        fresh.update(stack.slices[number])
        fresh.estimate()
    streamed = fresh.estimate()
    np.testing.assert_allclose(streamed.depth, whole.depth, rtol=1e-4)
    np.testing.assert_allclose(streamed.confidence, whole.confidence, atol=1e-4)


def test_a_slice_that_comes_again_replaces_the_old_one(estimator, stack):
    whole = estimator.process(stack).depth
    blank = replace(stack.slices[3], image=np.zeros_like(stack.slices[3].image))
    estimator.update(blank)
    assert not np.allclose(estimator.estimate().depth, whole, rtol=1e-3)
    estimator.update(stack.slices[3])
    np.testing.assert_allclose(estimator.estimate().depth, whole, rtol=1e-4)


def test_unknown_distances_give_positions_along_the_sweep(estimator, stack):
    unknown = FocalStack(tuple(replace(s, focus_distance_m=np.nan) for s in stack.slices))
    estimate = estimator.process(unknown)
    assert estimate.relative
    expected = (truth_dpt() - 0.25) / 2.0
    assert np.abs(estimate.depth - expected)[inner()].mean() < 0.05


def test_the_unit_of_the_sweep_does_not_matter(estimator, stack):
    """A macro stage and a room with the same images have the same positions."""
    macro = FocalStack(
        tuple(
            replace(s, focus_distance_m=1 / (9 + 0.02 / s.focus_distance_m)) for s in stack.slices
        )
    )
    room = (1 / estimator.process(stack).depth - 0.25) / 2.0
    near = (1 / estimator.process(macro).depth - 9 - 0.02 * 0.25) / 0.04
    assert np.abs(room - near).mean() < 0.01


@pytest.mark.parametrize("sweep", [(0.2, 2.0), (1.0, 1.4)])
@pytest.mark.parametrize(("level", "noise"), [(120, 3.0), (2, 1.0), (255, 0.0), (120, 0.0)])
def test_where_nothing_is_to_be_seen_there_is_no_confidence(estimator, sweep, level, noise):
    rng = np.random.default_rng(4)
    slices = []
    for focus in np.linspace(*sweep, 7):
        grey = level + rng.normal(0, noise, (120, 160, 3))
        image = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
        slices.append(FocusSlice(image, float(1 / focus)))
    assert estimator.process(FocalStack(tuple(slices))).confidence.max() < 0.1


def test_noise_at_the_border_of_an_image_of_any_size_is_nothing_to_see(estimator):
    """What is repeated up to the network's sides is noise that no mean takes away."""
    rng = np.random.default_rng(4)
    slices = []
    for focus in np.linspace(0.9, 2.0, 7):
        image = np.clip(np.rint(120 + rng.normal(0, 6.0, (150, 202, 3))), 0, 255).astype(np.uint8)
        slices.append(FocusSlice(image, float(1 / focus)))
    assert estimator.process(FocalStack(tuple(slices))).confidence.max() < 0.1


def test_a_plain_surface_in_a_scene_has_no_confidence_and_faint_texture_has(estimator, stack):
    rng = np.random.default_rng(8)

    def half(image, contrast):
        whole = image.astype(np.float32)
        whole[:, 84:] = 120 + contrast * (whole[:, 84:] - whole[:, 84:].mean())
        return np.clip(whole + rng.normal(0, 1.0, whole.shape), 0, 255).astype(np.uint8)

    for contrast in (0.0, 0.2):
        slices = tuple(replace(s, image=half(s.image, contrast)) for s in stack.slices)
        confidence = estimator.process(FocalStack(slices)).confidence
        assert confidence[12:-12, 12:72].mean() > 0.5
        plain = confidence[12:-12, 120:156]
        assert (plain < 0.1).all() if contrast == 0 else (plain > 0.1).mean() > 0.5


def test_few_slices_odd_sizes_grey_and_16_bits(estimator, stack):
    for count in (1, 2, 3):
        kept = FocalStack(stack.slices[:count])
        estimate = estimator.process(kept)
        assert estimate.depth.shape == stack.slices[0].image.shape[:2]
        assert np.isnan(estimate.depth).all() == (count == 1)
    grey = tuple(
        replace(s, image=s.image[:77, :101].mean(axis=2).astype(np.uint16) * 257)
        for s in stack.slices
    )
    estimate = estimator.process(FocalStack(grey))
    assert estimate.depth.shape == (77, 101)
    error = np.abs(1 / estimate.depth - truth_dpt()[:77, :101])[inner()[:77, :101]]
    assert error.mean() < 0.1


def test_a_large_image_is_shrunk_and_padded():
    assert subcell_px(1500, 1001) == 8
    pixels = prepared(np.zeros((1001, 1500, 3), np.uint8), 8)
    assert pixels.shape == (512, 768, 3)
    assert pixels.flags.c_contiguous


def test_a_small_image_is_enlarged_and_a_usual_one_is_not():
    assert [subcell_px(*size) for size in ((480, 360), (384, 552), (640, 480))] == [3, 3, 4]
    # 1280 x 720 is as far from 640 x 480 as 640 x 360 is, and nothing is shrunk below that size.
    assert [subcell_px(*size) for size in ((1280, 720), (1920, 1080), (2560, 1440))] == [6, 8, 12]
    ramp = np.tile(np.arange(90, dtype=np.uint8)[:, None, None], (1, 122, 3))
    pixels = prepared(ramp, 3)
    assert pixels.shape == (128, 192, 3)
    np.testing.assert_allclose(pixels[8:112:4, 20, 0], np.arange(6.125, 84, 3) - 0.25, atol=1)
    usual = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    np.testing.assert_array_equal(prepared(usual, 4), usual)


def test_fine_is_one_step_less_and_small_images_stay(estimator, stack):
    sizes = ((480, 360), (640, 480), (1280, 720), (1920, 1080), (2560, 1440))
    assert [subcell_px(*size, fine=True) for size in sizes] == [3, 3, 4, 6, 8]
    fine = DepthFromFocus("focus_stream", {"fine": True, **ORT})
    np.testing.assert_array_equal(fine.process(stack).depth, estimator.process(stack).depth)


def test_depth_of_a_small_image_lies_where_the_image_has_it(estimator):
    stack = thin_lens_stack()
    wide = tuple(
        replace(s, image=np.ascontiguousarray(np.tile(s.image, (1, 2, 1)))) for s in stack.slices
    )
    height, width = wide[0].image.shape[:2]
    assert subcell_px(width, height) == 3
    depth = estimator.process(FocalStack(wide)).depth
    assert depth.shape == (height, width)
    halves = np.split(1 / depth, 2, axis=1)
    assert all(np.abs(half - truth_dpt())[inner()].mean() < 0.06 for half in halves)


def test_a_blur_scale_that_is_told_holds_for_the_image_as_it_came(stack):
    width = stack.slices[0].image.shape[1]
    given = {"blur_scale": BLUR_SCALE, **ORT}
    found = DepthFromFocus("focus_stream", given).process(stack).depth
    assert width < 384
    assert np.abs(1 / found - truth_dpt())[inner()].mean() < 0.05


def test_blank_slices_say_so(estimator):
    blank = thin_lens_stack()
    flat = tuple(replace(s, image=np.full_like(s.image, 90)) for s in blank.slices)
    assert estimator.process(FocalStack(flat)).confidence.mean() < 0.5


def test_openvino_agrees(stack, estimator):
    pytest.importorskip("openvino")
    other = DepthFromFocus("focus_stream", {"engine": "openvino", "threads": 1})
    difference = np.abs(1 / other.process(stack).depth - 1 / estimator.process(stack).depth)
    assert np.median(difference) < 0.02
    assert np.mean(difference > 0.1) < 0.05


def test_a_wrong_model_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="there is no model"):
        DepthFromFocus("focus_stream", {"model": "focus_dream", **ORT})
    with pytest.raises(InputError, match="there is no model file"):
        DepthFromFocus("focus_stream", {"model": str(tmp_path / "mine"), **ORT})


def test_it_runs_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from ddff_perception.depth_from_focus.estimator import DepthFromFocus\n"
        "DepthFromFocus('focus_stream', {'engine': 'onnxruntime'})\n"
        "assert 'lightning' not in sys.modules and 'onnx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
