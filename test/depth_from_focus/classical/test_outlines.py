import cv2
import numpy as np
import pytest
from occluded_sweeps import around_the_outline, in_front, occluded_stack, truth_dpt
from thin_lens_sweeps import thin_lens_stack

from ddff_perception.depth_from_focus.classical.outlines import refined_outlines
from ddff_perception.depth_from_focus.classical.upsampling import upsample_position
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.types import FocalStack, FocusSlice


@pytest.fixture(scope="module")
def errors():
    """Error in dioptres of each kind of outlines."""

    def error(outlines):
        parameters = {"outlines": outlines}
        depth = DepthFromFocus("multiscale", parameters).process(occluded_stack(), False).depth
        return np.abs(1 / depth - truth_dpt())

    return {outlines: error(outlines) for outlines in ("cells", "image")}


def test_outlines_lie_where_the_image_has_them(errors):
    around = around_the_outline()
    assert errors["image"][around].mean() < 0.6 * errors["cells"][around].mean()
    wrong = {kind: float((error > 0.9).mean()) for kind, error in errors.items()}
    assert wrong["image"] < 0.6 * wrong["cells"]


def test_away_from_outlines_nothing_changes(errors):
    away = ~around_the_outline(40)
    np.testing.assert_allclose(errors["image"][away], errors["cells"][away], atol=0.03)


@pytest.mark.parametrize("kind", ["grey", "16 bits"])
def test_outlines_of_every_kind_of_image(kind, errors):
    def changed(image):
        return image.astype(np.uint16) * 257 if kind == "16 bits" else cv2.cvtColor(image, 6)

    slices = tuple(
        FocusSlice(changed(item.image), item.focus_distance_m) for item in occluded_stack().slices
    )
    depth = (
        DepthFromFocus("multiscale", {"outlines": "image"}).process(FocalStack(slices), False).depth
    )
    error = np.abs(1 / depth - truth_dpt())[around_the_outline()]
    assert error.mean() < 0.8 * errors["cells"][around_the_outline()].mean()


def sweep_of_texture():
    """Three grey slices of noise, each sharp in a third of its own, for 6 x 12 cells of 8 px."""
    noise = np.random.default_rng(2).integers(0, 256, (24, 48), np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2)
    guides = [blurred.copy() for _ in range(3)]
    for guide, first in zip(guides, (32, 16, 0), strict=True):
        guide[:, first : first + 16] = noise[:, first : first + 16]
    return guides, np.array([0.5, 1.5, 2.5])


@pytest.mark.parametrize(
    ("position", "sure"),
    [
        pytest.param(np.linspace(1.0, 1.4, 12), 1.0, id="a wall that leans a little"),
        pytest.param(np.linspace(0.5, 2.5, 12), 1.0, id="a wall that leans so much that it looks"),
        pytest.param(np.repeat([0.5, 2.5], 6), 0.4, id="a jump that may be noise"),
    ],
)
def test_what_slopes_or_is_not_sure_is_shown_as_the_cells_are(position, sure):
    cells = np.tile(position.astype(np.float32), (6, 1))
    guides, positions = sweep_of_texture()
    found = refined_outlines(cells, np.full_like(cells, sure), guides, positions, 8, (96, 48), 0.25)
    np.testing.assert_array_equal(found, upsample_position(cells, 8, (96, 48), 0.25))


def test_a_clean_sweep_with_outlines_is_no_worse_than_that_of_the_pixelwise_methods():
    stack, error = occluded_stack(noise=0.0), {}
    for method in ("multiscale", "tv", "focus_measure"):
        depth = DepthFromFocus(method).process(stack, False).depth
        error[method] = float(np.nanmean(np.abs(1 / depth - truth_dpt())))
    assert error["multiscale"] <= min(error["tv"], error["focus_measure"])


def test_cells_too_small_for_finer_pixels_are_shown_as_they_are():
    stack = thin_lens_stack()
    depth = [
        DepthFromFocus("multiscale", {"cell": 2, "outlines": outlines}).process(stack, False).depth
        for outlines in ("image", "cells")
    ]
    assert depth[0].shape == depth[1].shape
    assert np.isfinite(depth[0]).all()


def test_the_composite_prefers_the_surface_that_is_asked_for():
    stack = occluded_stack()
    found = {
        preferred: DepthFromFocus(parameters={"preferred": preferred, "preferred_reach": 0.03})
        for preferred in ("neither", "near", "far")
    }
    near = {
        preferred: (estimator.process(stack, source=True).source >= 5)
        for preferred, estimator in found.items()
    }
    assert near["far"].sum() < near["neither"].sum() < near["near"].sum()
    assert not (near["far"] & ~near["neither"]).any()
    assert not (near["neither"] & ~near["near"]).any()
    # Depth is what it was.
    depth = [estimator.estimate().depth for estimator in found.values()]
    np.testing.assert_array_equal(depth[0], depth[1])
    wider = near["near"].sum() ** 0.5 - in_front().sum() ** 0.5
    assert 2 < wider < 40


def test_where_no_slice_shows_anything_there_is_no_confidence():
    slices = []
    for item in thin_lens_stack().slices:
        image = item.image.copy()
        image[:, :64] = 120
        slices.append(FocusSlice(image, item.focus_distance_m))
    confidence = DepthFromFocus().process(FocalStack(tuple(slices)), False).confidence
    assert confidence[:, :40].max() < 0.1
    assert np.median(confidence[:, 90:]) > 0.5
