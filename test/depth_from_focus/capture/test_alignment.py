import math
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from sweeps import wall_stack

from ddff_perception.depth_from_focus.capture.alignment import (
    Aligner,
    SliceReweighted,
)
from ddff_perception.depth_from_focus.capture.slots import SliceRemoved, SliceUpdated, StackCleared
from ddff_perception.depth_from_focus.capture.stack_alignment import align_stack
from ddff_perception.optics.lens_table import LensTable
from ddff_perception.optics.registration import motion_score, spectrum, translation
from ddff_perception.types import CameraModel, DepthEstimate, FocalStack, FocusSlice, InputError

HEIGHT, WIDTH = 180, 240
DIOPTRES = (0.5, 1.0, 1.5, 2.0, 2.5)
CENTRE = np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])


def texture(seed=0):
    """Structure at every scale, larger than the view, as float 0..255."""
    generator = np.random.default_rng(seed)
    size = (HEIGHT + 120, WIDTH + 120)
    total = np.zeros(size, np.float32)
    for sigma in (1, 2, 4, 8, 16):
        layer = cv2.GaussianBlur(generator.normal(size=size).astype(np.float32), (0, 0), sigma)
        total += layer / layer.std()
    return np.clip(128 + 25 * total, 0, 255)


def similarity(shift=(0.0, 0.0), scale=1.0, degrees=0.0):
    """Pixels of the view to pixels of a camera that is shifted, zoomed and turned."""
    c, s = scale * math.cos(math.radians(degrees)), scale * math.sin(math.radians(degrees))
    matrix = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    matrix[:2, 2] = CENTRE - matrix[:2, :2] @ CENTRE + shift
    return matrix


def photograph(dioptres, matrix=None, seed=0, noise=2.0):
    """The texture, left side sharp at 0.5 1/m and right side at 2.5, seen through `matrix`."""
    matrix = np.eye(3) if matrix is None else matrix
    scene = texture()
    margin = np.array([[1, 0, 60], [0, 1, 60], [0, 0, 1.0]])
    into_scene = margin @ np.linalg.inv(matrix)
    half = scene.shape[1] // 2
    sharp = scene.copy()
    for side, focus in ((slice(0, half), 0.5), (slice(half, None), 2.5)):
        sigma = 0.3 + 1.2 * abs(dioptres - focus)
        sharp[:, side] = cv2.GaussianBlur(scene, (0, 0), sigma)[:, side]
    image = cv2.warpPerspective(
        sharp, into_scene, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    image = image + np.random.default_rng(seed).normal(0, noise, image.shape)
    return cv2.cvtColor(np.clip(image, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)


def stack_of(matrices):
    slices = tuple(
        FocusSlice(photograph(value, matrix, seed), 1 / value, seed)
        for seed, (value, matrix) in enumerate(zip(DIOPTRES, matrices, strict=True))
    )
    return FocalStack(slices)


def corner_error(found, true):
    """Largest distance in pixels between two matrices over the image corners."""
    corners = np.array([[0, 0, 1], [WIDTH, 0, 1], [0, HEIGHT, 1], [WIDTH, HEIGHT, 1.0]]).T
    a, b = found @ corners, true @ corners
    return float(np.hypot(*(a[:2] / a[2] - b[:2] / b[2])).max())


def sweep(aligner, matrix, start):
    """One sweep past a camera that stands at `matrix`; all events."""
    events = []
    for index in range(len(DIOPTRES)):
        stamp = start + index
        item = FocusSlice(photograph(DIOPTRES[index], matrix, stamp), 1 / DIOPTRES[index], stamp)
        events += aligner.process([SliceUpdated(index, item)])
    return events


@pytest.mark.parametrize("shift", [(0.0, 0.0), (3.4, -2.2), (-17.0, 9.0)])
@pytest.mark.parametrize("other", [0.5, 1.5])
def test_translation_is_found_through_a_change_of_focus(shift, other):
    one = photograph(0.5, seed=1)
    two = photograph(other, similarity(shift), seed=2)
    found = translation(spectrum(one), spectrum(two))
    assert found.reliable
    assert np.hypot(found.x - shift[0], found.y - shift[1]) < 0.5
    assert motion_score(one, two) == pytest.approx(math.hypot(*shift), abs=0.5)


def test_a_growing_image_is_no_motion():
    one, two = photograph(1.0, seed=1), photograph(1.0, similarity(scale=1.02), seed=2)
    assert motion_score(one, two) < 0.5


def test_a_plain_wall_does_not_move_and_another_scene_moved_beyond_measure():
    generator = np.random.default_rng(0)
    walls = [
        np.clip(generator.normal(120, 3, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8) for _ in "ab"
    ]
    assert motion_score(*walls) == 0.0
    scenes = [texture(seed)[:HEIGHT, :WIDTH].astype(np.uint8) for seed in (1, 2)]
    assert motion_score(*scenes) == math.inf


@pytest.mark.parametrize("model", ["affine", "homography"])
def test_ecc_finds_shift_turn_and_breathing_of_every_slice(model):
    true = [similarity((2.0 * i, -1.5 * i), 1 + 0.01 * i, 0.4 * i) for i in range(5)]
    aligned = align_stack(stack_of(true), "ecc", parameters={"alignment_model": model})
    assert aligned.failed == ()
    for matrix, camera in zip(aligned.matrices, true, strict=True):
        assert corner_error(matrix, camera @ np.linalg.inv(true[2])) < 0.7
    assert aligned.residual_px.max() < 0.3
    assert aligned.weights.min() > 0.98
    assert [item.focus_distance_m for item in aligned.stack.slices] == [1 / d for d in DIOPTRES]


def test_alignment_makes_the_slices_alike():
    stack = stack_of([similarity((3.0 * i, 0.0)) for i in range(5)])

    def difference(images):
        blurred = [cv2.GaussianBlur(image, (0, 0), 4)[25:-25, 25:-25] for image in images]
        return float(np.mean([cv2.absdiff(blurred[0], other).mean() for other in blurred[1:]]))

    before = difference(stack.images)
    after = difference(align_stack(stack, "ecc").stack.images)
    assert after < 0.3 * before


def test_flow_follows_a_scene_whose_middle_moves_against_its_sides():
    bend = cv2.resize(
        np.array([[-3.0, 3.0, -3.0]], np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    stack = stack_of([np.eye(3)] * 5)
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    bent = cv2.remap(stack.slices[2].image, x, y - bend, cv2.INTER_LINEAR)
    pair = FocalStack((FocusSlice(bent, 1.0), FocusSlice(stack.slices[2].image, 0.5)))

    def error(kind):
        # Blurred, because slices keep their pixels: they lie to half a pixel.
        images = [cv2.GaussianBlur(one, (0, 0), 2) for one in align_stack(pair, kind).stack.images]
        return float(cv2.absdiff(images[0], images[1])[20:-20, 20:-20].mean())

    assert error("flow") < 0.6 * error("ecc") < error("none")


def test_breathing_is_undone_by_the_lens_table():
    positions = np.array(DIOPTRES)
    table = LensTable(positions, positions, 1 + 0.02 * (positions - 0.5), "dioptres")
    true = [similarity(scale=1 + 0.02 * (d - 0.5)) for d in DIOPTRES]
    stack = stack_of(true)
    aligned = align_stack(stack, "breathing", table)
    for matrix, camera in zip(aligned.matrices, true, strict=True):
        assert corner_error(matrix, camera) < 1e-6
    assert aligned.stack.slices[0].image is stack.slices[0].image


def test_breathing_shrinks_about_the_principal_point():
    positions = np.array(DIOPTRES)
    table = LensTable(positions, positions, 1 + 0.02 * (positions - 0.5), "dioptres")
    camera = CameraModel(WIDTH, HEIGHT, 200.0, 200.0, 40.0, 50.0)
    aligned = align_stack(FocalStack(stack_of([np.eye(3)] * 5).slices, camera), "breathing", table)
    np.testing.assert_allclose(aligned.matrices[-1] @ [40, 50, 1], [40, 50, 1])


def test_ecc_starts_at_the_lens_table_and_ends_in_its_reference_view():
    positions = np.array(DIOPTRES)
    table = LensTable(positions, positions, 1 + 0.05 * (positions - 1.5), "dioptres")
    true = [similarity((2.0 * i, 0), 1 + 0.05 * (d - 1.5)) for i, d in enumerate(DIOPTRES)]
    aligned = align_stack(stack_of(true), "ecc", table)
    for matrix, camera in zip(aligned.matrices, true, strict=True):
        assert corner_error(matrix, camera @ np.linalg.inv(similarity((4.0, 0)))) < 0.7


def test_breathing_without_a_table_is_refused():
    with pytest.raises(InputError, match="lens table"):
        align_stack(stack_of([np.eye(3)] * 5), "breathing")
    with pytest.raises(InputError, match="lens table"):
        Aligner({"alignment": "breathing"})


def test_motion_that_is_large_is_found_by_features():
    true = [similarity((0, 0)), similarity((85.0, -40.0), 1.05, 12.0)] + [similarity((0, 0))] * 3
    aligned = align_stack(stack_of(true), "ecc")
    assert aligned.failed == ()
    for matrix, camera in zip(aligned.matrices, true, strict=True):
        assert corner_error(matrix, camera) < 1.5
    assert aligned.displaced_px() > 50


def test_slices_that_lie_well_are_not_displaced():
    assert align_stack(stack_of([similarity()] * 5), "ecc").displaced_px() < 0.5


def test_where_the_middle_slice_is_blurred_another_one_is_the_reference():
    stack = stack_of([similarity((3.0 * i, 0)) for i in range(5)])
    slices = list(stack.slices)
    blurred = cv2.GaussianBlur(slices[2].image, (0, 0), 25)
    slices[2] = replace(slices[2], image=blurred)
    aligned = align_stack(FocalStack(tuple(slices)), "ecc")
    for number in (0, 1, 3, 4):
        # Shifts are by whole pixels: two of them differ by up to one from the truth.
        against_one = aligned.matrices[number] @ np.linalg.inv(aligned.matrices[1])
        assert corner_error(against_one, similarity((3.0 * (number - 1), 0))) < 1.1
        assert aligned.weights[number] > 0.9
    assert aligned.weights[2] < 0.5


def test_pixels_from_outside_the_slice_are_not_valid():
    aligned = align_stack(stack_of([similarity((10.0 * (i - 2), 0)) for i in range(5)]), "ecc")
    outside = ~aligned.valid
    assert outside[2].sum() == 0
    assert outside[4].mean(axis=1) == pytest.approx(20 / WIDTH, abs=0.01)
    assert outside[4][:, : WIDTH // 2].sum() == 0


def test_slices_without_texture_fall_back_and_are_counted():
    flat = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    stack = FocalStack(tuple(FocusSlice(flat, 1 / d) for d in DIOPTRES))
    aligned = align_stack(stack, "ecc")
    assert len(aligned.failed) == 4
    np.testing.assert_allclose(aligned.weights, [0.3, 0.3, 1.0, 0.3, 0.3], atol=1e-6)
    np.testing.assert_allclose(aligned.matrices, np.stack([np.eye(3)] * 5))


@pytest.mark.parametrize("image", ["uint16", "grey"])
def test_other_image_types_keep_theirs(image):
    pictures = [photograph(d, similarity((i, 0)), i) for i, d in enumerate(DIOPTRES)]
    if image == "uint16":
        pictures = [picture.astype(np.uint16) * 200 for picture in pictures]
    else:
        pictures = [picture[..., 0] for picture in pictures]
    stack = FocalStack(tuple(FocusSlice(p, math.nan) for p in pictures))
    for kind in ("ecc", "flow"):
        aligned = align_stack(stack, kind)
        assert aligned.failed == ()
        assert aligned.stack.images[0].dtype == pictures[0].dtype
        assert aligned.stack.images[0].shape == pictures[0].shape


def test_progress_is_called_once_per_slice():
    calls = []
    align_stack(stack_of([np.eye(3)] * 5), "none", progress=lambda: calls.append(1))
    assert len(calls) == 5


@pytest.mark.parametrize("kind", ["none", "ecc", "flow"])
def test_a_camera_that_stands_still_keeps_full_weight_and_view(kind):
    aligner = Aligner({"alignment": kind})
    first = photograph(DIOPTRES[0], seed=0)
    for start in range(0, 30, 5):
        events = sweep(aligner, np.eye(3), start)
        assert motion_score(first, events[0].item.image) < 0.4
        assert all(isinstance(event, SliceUpdated) for event in events)
        assert all(event.weight == 1.0 for event in events)
    assert aligner.motion_px < 0.5
    assert not aligner.held_back


def test_no_alignment_passes_images_through_untouched():
    item = FocusSlice(photograph(1.0), 1.0, 7)
    (event,) = Aligner().process([SliceUpdated(3, item, 0.8)])
    assert event.item.image is item.image
    assert (event.slot, event.weight, event.item.stamp_ns) == (3, 0.8, 7)


def test_motion_lowers_the_weight_of_the_slices_before_it_until_they_are_renewed():
    aligner = Aligner({"motion_scale_px": 4.0, "motion_limit_px": 12.0})
    sweep(aligner, np.eye(3), 0)
    moved = similarity((4.0, 0.0))
    item = FocusSlice(photograph(DIOPTRES[0], moved, 9), 1 / DIOPTRES[0], 5)
    first, *others = aligner.process([SliceUpdated(0, item)])
    assert first.weight == 1.0
    assert {event.slot for event in others} == {1, 2, 3, 4}
    assert all(isinstance(event, SliceReweighted) for event in others)
    assert all(event.weight == pytest.approx(math.exp(-1), abs=0.1) for event in others)
    sweep(aligner, moved, 6)
    assert aligner.motion_px < 0.5


def test_depth_is_held_back_while_most_slices_are_from_before_the_motion():
    aligner = Aligner({"motion_limit_px": 12.0})
    sweep(aligner, np.eye(3), 0)
    held = []
    for index, value in enumerate(DIOPTRES):
        item = FocusSlice(photograph(value, similarity((20.0, 5.0)), index), 1 / value, 5 + index)
        aligner.process([SliceUpdated(index, item)])
        held.append(aligner.held_back)
    assert held == [True, True, False, False, False]


def test_another_scene_holds_depth_back():
    aligner = Aligner()
    sweep(aligner, np.eye(3), 0)
    other = texture(5)[:HEIGHT, :WIDTH].astype(np.uint8)
    image = cv2.cvtColor(other, cv2.COLOR_GRAY2BGR)
    aligner.process([SliceUpdated(0, FocusSlice(image, 1 / DIOPTRES[0], 9))])
    assert aligner.held_back


def test_after_motion_beyond_measure_a_camera_at_rest_has_depth_in_every_image():
    aligner, slices = Aligner(), wall_stack().slices
    held = []
    for number in range(120):
        index = number % len(slices)
        shift = 14 * (number % 4) if 20 <= number < 60 else 0
        item = replace(slices[index], image=np.roll(slices[index].image, shift, axis=1))
        aligner.process([SliceUpdated(index, replace(item, stamp_ns=number))])
        held.append(aligner.held_back)
    assert sum(held[20:60]) > 30
    assert not any(held[66:])


def test_streamed_slices_lie_over_each_other_while_the_camera_drifts():
    aligner = Aligner({"alignment": "ecc"})
    images = {}
    for step in range(15):
        slot = step % 5
        camera = similarity((0.8 * step, -0.5 * step), 1 + 0.004 * slot, 0.1 * step)
        item = FocusSlice(photograph(DIOPTRES[slot], camera, step), 1 / DIOPTRES[slot], step)
        for event in aligner.process([SliceUpdated(slot, item)]):
            if isinstance(event, SliceUpdated):
                images[event.slot] = event.item.image
    scores = [motion_score(images[0], images[slot]) for slot in range(1, 5)]
    assert max(scores) < 0.5
    assert aligner.counters == {"alignment_failures": 0, "views_restarted": 0}


def test_depth_comes_back_in_the_view_of_the_newest_slice():
    aligner = Aligner({"alignment": "ecc"})
    sweep(aligner, np.eye(3), 0)
    moved = similarity((6.0, -4.0), 1.0, 1.0)
    sweep(aligner, moved, 5)
    x, y = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    estimate = DepthEstimate(1 + x / WIDTH + y / HEIGHT, np.ones((HEIGHT, WIDTH), np.float32))
    seen = aligner.to_newest_view(estimate)
    before = np.linalg.inv(moved) @ [150, 90, 1]
    expected = 1 + before[0] / WIDTH + before[1] / HEIGHT
    assert seen.depth[90, 150] == pytest.approx(expected, abs=0.01)
    assert np.isnan(seen.depth[-1, 0])
    assert seen.confidence[-1, 0] == 0.0


def test_a_view_that_has_moved_too_far_starts_the_stack_anew():
    aligner = Aligner({"alignment": "ecc", "view_limit": 0.05})
    sweep(aligner, np.eye(3), 0)
    events = sweep(aligner, similarity((15.0, 0.0)), 5)
    assert events[0] == StackCleared("motion")
    assert [event.slot for event in events[1:]] == [0, 1, 2, 3, 4]
    assert aligner.counters["views_restarted"] == 1
    assert aligner.motion_px < 0.5


def test_removed_and_cleared_slices_are_forgotten():
    aligner = Aligner()
    sweep(aligner, np.eye(3), 0)
    assert aligner.process([SliceRemoved(4)]) == [SliceRemoved(4)]
    assert aligner.process([StackCleared("reset")]) == [StackCleared("reset")]
    assert aligner.motion_px == 0.0
    assert not aligner.held_back


@pytest.mark.parametrize("kind", ["none", "ecc", "flow"])
@pytest.mark.parametrize(
    ("shape", "kind_of_pixel"), [((8, 8, 3), "u1"), ((8, 300), "u2"), ((40, 13), "u1")]
)
def test_tiny_and_plain_images_pass(kind, shape, kind_of_pixel):
    aligner = Aligner({"alignment": kind})
    generator = np.random.default_rng(0)
    pictures = [np.zeros(shape), np.full(shape, 255), generator.integers(0, 255, shape)] * 2
    for slot, picture in enumerate(pictures):
        item = FocusSlice(picture.astype(kind_of_pixel), 1.0 + slot, slot)
        events = aligner.process([SliceUpdated(slot, item)])
        updated = [event for event in events if isinstance(event, SliceUpdated)]
        assert [event.item.image.shape for event in updated] == [shape]


def test_the_macro_stack_lies_over_itself(real_captures):
    """Ten slices that grow by a sixth and shift while the focus goes through them."""
    files = sorted((real_captures / "macro_pcb_button").glob("*.JPG"))
    images = [cv2.resize(cv2.imread(str(file)), (512, 384)) for file in files]
    stack = FocalStack(tuple(FocusSlice(image, math.nan) for image in images))

    def unlike(slices):
        """Mean difference of neighbours, blurred alike, away from the border; grey values."""
        blurred = [cv2.GaussianBlur(one, (0, 0), 4)[40:-40, 50:-50] for one in slices]
        return float(np.mean([cv2.absdiff(a, b).mean() for a, b in pairwise(blurred)]))

    aligned = align_stack(stack, "ecc")
    assert aligned.failed == ()
    scales = [math.sqrt(abs(np.linalg.det(matrix[:2, :2]))) for matrix in aligned.matrices]
    assert scales[-1] / scales[0] == pytest.approx(1.16, abs=0.02)
    assert (np.diff(scales) > 0).all()
    assert aligned.residual_px.max() < 0.5
    assert unlike(aligned.stack.images) < 0.5 * unlike(images)
