import numpy as np
import pytest
from panes import pane, pane_camera, small_pane

from ddff_perception.files.polarization_folder import PolarizationFolder
from ddff_perception.optics.mosaic import LAYOUTS, cell_images, mosaic_layout
from ddff_perception.simulation.polarizer_camera.frames import (
    DEMO_PANE,
    PolarizerCamera,
    PolarizerSettings,
    images_at,
    mosaic_of,
)
from ddff_perception.types import InputError


def test_the_shipped_pane_is_small_and_adds_up():
    assert sum(file.stat().st_size for file in DEMO_PANE.iterdir()) < 1_000_000
    whole = pane()
    assert whole.angles_deg == (0.0, 45.0, 90.0, 135.0)
    assert (whole.camera.width, whole.camera.height) == (320, 240)
    both = whole.transmission.astype(int) + whole.reflection
    mean = np.mean([image.astype(float) for image in whole.images], axis=0)
    assert np.abs(both - mean).mean() < 0.7


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_mosaic_is_registered_to_what_it_was_made_of(layout):
    colour = mosaic_layout(layout).bayer is not None
    shades = np.random.default_rng(0).integers(60, 190, (4, 1, 1, 3) if colour else (4, 8, 12))
    images = [np.broadcast_to(s, (8, 12, 3)) if colour else s for s in shades.astype(np.uint8)]
    raw = mosaic_of(images, mosaic_layout(layout))
    assert raw.shape == (16, 24)
    for image, found in zip(images, cell_images(raw, mosaic_layout(layout)), strict=True):
        assert np.abs(found.astype(int) - image).mean() < 3


def test_a_colour_mosaic_needs_even_images():
    images = [np.zeros((7, 8, 3), np.uint8)] * 4
    with pytest.raises(InputError, match="even size, not 8x7"):
        mosaic_of(images, mosaic_layout("90_45_135_0_rggb"))


def test_angles_that_the_folder_has_not_are_worked_out():
    three = PolarizationFolder(small_pane().images[:3], (0.0, 45.0, 90.0))
    made = images_at(three, (0.0, 135.0))
    assert made[0] is three.images[0]
    difference = made[1].astype(int) - small_pane().images[3]
    assert np.abs(difference).mean() < 3


def test_the_camera_is_that_of_the_images_it_publishes():
    mosaic = pane_camera("mosaic")
    assert mosaic.size == (320, 240)
    assert (mosaic.camera.width, mosaic.camera.fx) == (320, pytest.approx(2 * 914.4, rel=1e-3))
    assert pane_camera("angles").size == pane_camera("rotating").size == (160, 120)


def test_the_same_number_gives_the_same_frame_and_another_another():
    camera = pane_camera("mosaic", noise=2.0, sway_px=1.5)
    again = pane_camera("mosaic", noise=2.0, sway_px=1.5)
    one, other = (c.frame(5).images["image_raw"] for c in (camera, again))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, camera.frame(6).images["image_raw"])
    clean = pane_camera("mosaic").frame(5).images["image_raw"]
    assert not np.array_equal(one, clean)


def test_a_filter_goes_on_turning():
    camera = pane_camera("rotating")
    turned = [np.degrees(camera.frame(number).filter_rad) for number in range(6)]
    np.testing.assert_allclose(turned, [0, 45, 90, 135, 180, 225])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"camera": "none"}, "camera must be one of"),
        ({"camera": "angles", "angles_deg": (0.0, 30.0, 60.0, 90.0, 120.0)}, "4 polarizer angles"),
    ],
)
def test_cameras_that_there_are_not_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        PolarizerCamera(small_pane(), PolarizerSettings(**settings))
