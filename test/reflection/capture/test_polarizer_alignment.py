"""Polarizer images that do not lie over each other: found, corrected, or told."""

import cv2
import numpy as np
import pytest
from panes import psnr, small_pane, unit

from ddff_perception.optics.fresnel import pane_reflectances
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.reflection.capture.alignment import AlignmentSettings, aligned_set
from ddff_perception.reflection.pipeline import SeparationPipeline, Wanted

ANGLES = (0.0, 45.0, 90.0)
HEIGHT, WIDTH, MARGIN = 160, 208, 24


def moved(dx: float, dy: float, turn_deg: float = 0.0) -> np.ndarray:
    """From pixels of an image at rest to those of one whose camera moved."""
    turned = np.vstack([cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turn_deg, 1), [0, 0, 1]])
    turned[:2, 2] += dx, dy
    return turned


def shots(motions):
    """8-bit images at ANGLES, each from its own place, and the true layers of the first."""
    side = 256
    behind, mirrored = (
        dead_leaves(np.random.default_rng(seed), side)[..., 1].astype(np.float32) for seed in (5, 6)
    )
    a, b = map(float, pane_reflectances(58.0))
    images = []
    for angle, motion in zip(ANGLES, motions, strict=True):
        alpha = b + (a - b) * np.cos(np.radians(angle - 80.0)) ** 2
        light = 0.45 * (2 * alpha * mirrored + (1 - alpha) * behind)
        place = motion @ np.array([[1, 0, -MARGIN], [0, 1, -MARGIN], [0, 0, 1]])
        seen = cv2.warpPerspective(light, place, (WIDTH, HEIGHT), flags=cv2.INTER_LANCZOS4)
        images.append(np.clip(np.rint(255 * seen), 0, 255).astype(np.uint8))
    inside = np.s_[MARGIN : MARGIN + HEIGHT, MARGIN : MARGIN + WIDTH]
    return images, 0.45 * (1 - (a + b) / 2) * behind[inside]


STILL = moved(0, 0)
MOVED = (STILL, moved(1.0, -0.6), moved(2.6, 1.7, 0.4))


def transmission(images, **alignment):
    pipeline = SeparationPipeline("schechner", alignment=alignment)
    pipeline.add_set(1, images, ANGLES)
    return pipeline.separate(Wanted(degree=False, angle=False))


@pytest.mark.parametrize("kind", ["ecc", "flow", "features"])
def test_hand_held_shots_separate_nearly_as_well_as_those_at_rest(kind):
    images, truth = shots(MOVED)
    still, _ = shots((STILL, STILL, STILL))
    inside = np.s_[8:-8, 8:-8]
    found = {
        name: psnr(found.layers.transmission[inside], truth[inside])
        for name, found in {
            "none": transmission(images, alignment="none"),
            kind: transmission(images, alignment=kind),
            "rest": transmission(still, alignment=kind),
        }.items()
    }
    assert found[kind] > found["none"] + 8
    assert found[kind] > found["rest"] - 5


def test_shots_far_apart_need_features():
    images, _ = shots((STILL, moved(14, 9, 4.0), moved(-12, 10, -5.0)))
    far = aligned_set(images, AlignmentSettings(alignment="features"))
    assert not far.failed
    assert far.shifts_px[1] > 20
    seen = np.asarray(far.images[1], float)[40:-40, 40:-40]
    assert np.corrcoef(seen.ravel(), images[0][40:-40, 40:-40].ravel())[0, 1] > 0.85


def test_images_at_rest_stay_as_they_are_to_the_last_bit():
    images = small_pane().images[:3]
    found = aligned_set(images, AlignmentSettings())
    assert found.shifts_px == (0, 0, 0) and not found.failed
    for image, same in zip(images, found.images, strict=True):
        assert same is image


def test_what_an_image_does_not_show_is_taken_for_unpolarized():
    images, _ = shots((STILL, moved(6, 0), STILL))
    found = aligned_set(images, AlignmentSettings(alignment="features"))
    for image in found.images:
        np.testing.assert_array_equal(image[:, -5:], images[0][:, -5:])


def test_a_shift_that_is_found_and_not_corrected_is_named():
    images, _ = shots(MOVED)
    found = transmission(images, alignment="none")
    assert "image at 90 degrees lies" in found.complaint and "alignment=ecc" in found.complaint
    assert float(found.complaint.split("lies ")[1].split(" px")[0]) == pytest.approx(3.7, abs=0.5)
    assert transmission(images).complaint is None
    still, _ = shots((STILL, STILL, STILL))
    assert transmission(still, alignment="none").complaint is None


def test_an_image_of_something_else_is_named_and_left_as_it_is():
    images, _ = shots((STILL, STILL, STILL))
    images[1] = np.random.default_rng(1).integers(0, 255, images[0].shape, np.uint8)
    pipeline = SeparationPipeline("most_attenuated")
    pipeline.add_set(1, images, ANGLES)
    assert "image at 45 degrees could not be laid over" in pipeline.separate().complaint
    assert pipeline.counters["sets_moved"] == 1


def test_plain_walls_do_not_move():
    walls = [np.full((90, 120), value, np.uint8) for value in (80, 90, 100)]
    assert aligned_set(walls, AlignmentSettings()).shifts_px == (0, 0, 0)
    assert unit(walls[0]).std() == 0
