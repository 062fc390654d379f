"""What alignment does to depth: nothing where the camera stands still, good where it moves."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from thin_lens_sweeps import HEIGHT, WIDTH, inner, texture, thin_lens_stack, truth_dpt

from ddff_perception.depth_from_focus.capture.alignment import Aligner
from ddff_perception.depth_from_focus.capture.slots import SliceUpdated
from ddff_perception.depth_from_focus.capture.stack_alignment import align_stack
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.optics.registration import pyramid, register, simplest_motion
from ddff_perception.optics.resampling import on_grid, warp
from ddff_perception.types import FocalStack, FocusSlice

FINE = 2
MIDDLE = 4


def fading_texture():
    """A texture at `FINE` times the resolution, whose upper rows have almost no contrast."""
    size = (FINE * HEIGHT, FINE * WIDTH)
    contrast = np.clip(np.linspace(-0.2, 1.2, size[0]), 0.06, 1.0)[:, None, None]
    return (127 + contrast * (texture(*size).astype(np.float32) - 127)).astype(np.uint8)


@pytest.fixture(scope="module")
def fine_slices():
    stack = thin_lens_stack(blur_scale=8.0 * FINE, noise=0.0, sharp=fading_texture())
    return [
        (cv2.GaussianBlur(one.image, (0, 0), 1.0), one.focus_distance_m) for one in stack.slices
    ]


def camera_at(shift=(0.0, 0.0), scale=1.0):
    centre = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    matrix = np.diag([scale, scale, 1.0])
    matrix[:2, 2] = centre * (1 - scale) + shift
    return matrix


def sweep_of(fine_slices, cameras, noise=1.5, seed=0):
    """The slices sampled through each camera's matrix from twice the resolution, fresh noise."""
    rng = np.random.default_rng(seed)
    fine = np.array([[FINE, 0, (FINE - 1) / 2], [0, FINE, (FINE - 1) / 2], [0, 0, 1.0]])
    slices = []
    for stamp, ((image, distance), camera) in enumerate(zip(fine_slices, cameras, strict=True)):
        into_fine = (fine @ np.linalg.inv(camera))[:2]
        seen = cv2.warpAffine(
            image,
            into_fine,
            (WIDTH, HEIGHT),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT,
        )
        seen = np.clip(np.rint(seen + rng.normal(0, noise, seen.shape)), 0, 255)
        slices.append(FocusSlice(seen.astype(np.uint8), distance, stamp))
    return FocalStack(tuple(slices))


def error_dpt(stack, weights=None):
    estimator = DepthFromFocus()
    for slot, item in enumerate(stack.slices):
        estimator.update(item, slot, 1.0 if weights is None else float(weights[slot]))
    depth = estimator.estimate(all_in_focus=False).depth
    return float(np.abs(1 / depth - truth_dpt())[inner()].mean())


def streamed(stack, kind, sweeps):
    """The slices as they lie after some sweeps past the same scene."""
    aligner = Aligner({"alignment": kind})
    images = {}
    for number in range(sweeps * len(stack.slices)):
        slot = number % len(stack.slices)
        item = stack.slices[slot]
        item = FocusSlice(item.image, item.focus_distance_m, number)
        for event in aligner.process([SliceUpdated(slot, item)]):
            if isinstance(event, SliceUpdated):
                images[event.slot] = event.item
    return FocalStack(tuple(images[slot] for slot in sorted(images)))


@pytest.mark.parametrize("kind", ["ecc", "flow"])
def test_alignment_of_a_still_sweep_costs_no_depth(fine_slices, kind):
    stack = sweep_of(fine_slices, [camera_at()] * 9)
    without = error_dpt(stack)
    aligned = align_stack(stack, kind)
    assert error_dpt(aligned.stack, aligned.weights) < 1.1 * without
    assert error_dpt(streamed(stack, kind, 2)) < 1.1 * without


@pytest.mark.parametrize("kind", ["ecc", "flow"])
def test_alignment_wins_back_most_of_what_motion_and_breathing_cost(fine_slices, kind):
    still = error_dpt(sweep_of(fine_slices, [camera_at()] * 9))
    shifts = np.random.default_rng(3).uniform(-4, 4, (9, 2))
    shifts[MIDDLE] = 0
    cameras = [camera_at(shift, 1 + 0.01 * (k - MIDDLE) / 8) for k, shift in enumerate(shifts)]
    moved = sweep_of(fine_slices, cameras)
    lost = error_dpt(moved) - still
    assert lost > still
    aligned = align_stack(moved, kind)
    assert error_dpt(aligned.stack, aligned.weights) - still < 0.3 * lost


def test_resampling_keeps_the_noise_of_a_shifted_or_slightly_magnified_image():
    noise = np.random.default_rng(0).normal(127, 20, (HEIGHT, WIDTH)).astype(np.uint8)
    for camera in (camera_at((2.5, -1.5)), camera_at((0.4, 0.3), 1.01)):
        seen = warp(noise, on_grid(camera, noise.shape))[4:-4, 4:-4]
        change = np.diff(seen.astype(float), axis=1).std() / np.diff(noise.astype(float)).std()
        assert change == pytest.approx(1.0, abs=0.03)


def test_a_shift_is_rounded_and_a_magnification_is_not():
    np.testing.assert_array_equal(
        on_grid(camera_at((2.4, -0.6)), (HEIGHT, WIDTH)), camera_at((2.0, -1.0))
    )
    grown = camera_at((0.4, 0.0), 1.01)
    np.testing.assert_array_equal(on_grid(grown, (HEIGHT, WIDTH)), grown)


def test_defocus_alone_is_no_motion(fine_slices):
    stack = sweep_of(fine_slices, [camera_at()] * 9)
    for one, other in pairwise(stack.images):
        matrix, _ = register(pyramid(one, 640), pyramid(other, 640), one.shape, np.eye(3))
        np.testing.assert_array_equal(matrix, np.eye(3))


def test_pixels_at_the_border_do_not_speak_against_a_shift():
    view = cv2.GaussianBlur(texture(HEIGHT, WIDTH + 20)[..., 0], (0, 0), 1.5) / 255.0
    view = (0.8 + 0.05 * view).astype(np.float32)  # bright, with little contrast
    fixed, moving = (
        cv2.warpAffine(view, camera_at((shift - 10.0, 0.0))[:2], (WIDTH, HEIGHT))
        for shift in (0.0, 1.25)
    )
    true = camera_at((1.25, 0.0))
    matrix, correlation = simplest_motion(fixed, moving, np.eye(3), np.eye(3), true)
    np.testing.assert_allclose(matrix, true, atol=1e-9)
    assert correlation > 0.99
