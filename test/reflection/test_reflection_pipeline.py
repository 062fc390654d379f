import numpy as np
import pytest
from panes import pane, pane_camera, plain, psnr, small_pane, unit

from ddff_perception.files.images import read_image
from ddff_perception.optics.mosaic import LAYOUTS
from ddff_perception.reflection.pipeline import SeparationPipeline, Wanted
from ddff_perception.simulation.polarizer_camera.frames import PolarizerCamera, PolarizerSettings
from ddff_perception.types import InputError

STEP = 100_000_000


def fed(kind, frames=6, pipeline=None, **settings):
    """A pipeline that has taken some frames of a camera of this kind."""
    camera = pane_camera(kind, **settings)
    pipeline = pipeline or SeparationPipeline("schechner")
    for number in range(frames):
        frame = camera.frame(number)
        stamp = (number + 1) * STEP
        images = list(frame.images.values())
        if kind == "mosaic":
            pipeline.add_mosaic(stamp, images[0])
        elif kind == "angles":
            pipeline.add_set(stamp, images, camera.angles_deg)
        else:
            pipeline.add_angle(stamp, float(np.degrees(frame.filter_rad)))
            pipeline.add_image(stamp, images[0])
    return pipeline


@pytest.mark.parametrize("kind", ["mosaic", "angles", "rotating"])
def test_every_kind_of_camera_gives_the_layers_of_the_pane(kind):
    pipeline = fed(kind)
    assert pipeline.ready and pipeline.newest_stamp_ns == 6 * STEP
    found = pipeline.separate()
    truth = small_pane()
    plain_db = psnr(plain(truth.images), unit(truth.transmission))
    assert psnr(found.layers.transmission, unit(truth.transmission)) > plain_db + 15
    assert psnr(found.layers.reflection, unit(truth.reflection)) > 40
    assert (found.kind, found.stamp_ns, found.complaint) == ("uint8", 6 * STEP, None)
    # The pane stands upright: what it mirrors is polarized vertically.
    strong = found.degree > 0.3
    assert np.median(found.angle_rad[strong]) == pytest.approx(np.pi / 2, abs=0.05)
    assert found.angle_rad.min() >= 0.0 and found.angle_rad.max() < np.pi


def test_four_polarizers_before_a_real_camera_have_the_angles_that_others_measured(real_captures):
    raw = read_image(real_captures / "polarization" / "polarizer_IMX250MZR.png")
    pipeline = SeparationPipeline()
    pipeline.add_mosaic(1, raw)
    angle = pipeline.separate(Wanted(layers=False, degree=False)).angle_rad
    for column, expected in ((188, 83.0), (536, 43.0), (777, 175.0), (1051, 136.0)):
        disc = 2 * angle[514:574, column - 30 : column + 30]
        found = np.degrees(np.arctan2(np.sin(disc).mean(), np.cos(disc).mean())) / 2
        assert abs((found - expected + 90) % 180 - 90) < 2


def test_only_what_is_wanted_is_computed():
    pipeline = fed("mosaic")
    nothing = Wanted(False, False, False)
    assert not nothing
    found = pipeline.separate(Wanted(layers=False, degree=True, angle=False))
    assert found.layers is None and found.angle_rad is None and found.degree is not None
    assert "schechner" not in found.timings_ms
    found = pipeline.separate(Wanted(degree=False, angle=False))
    assert found.degree is None and "polarization" not in found.timings_ms


def test_the_same_frames_give_the_same_arrays():
    first, second = (fed("rotating", sway_px=2.0, noise=1.0).separate() for _ in range(2))
    assert np.array_equal(first.layers.transmission, second.layers.transmission)
    assert np.array_equal(first.angle_rad, second.angle_rad)


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name.count("_") == 3])
def test_a_wrong_layout_turns_the_angle_and_nothing_else(layout):
    """All layouts of one camera are exchanges that keep crossed polarizers crossed."""
    right = SeparationPipeline("most_attenuated")
    wrong = SeparationPipeline("most_attenuated", capture={"layout": layout})
    expected, found = (fed("mosaic", 1, p).separate() for p in (right, wrong))
    np.testing.assert_allclose(found.layers.transmission, expected.layers.transmission, atol=1e-5)
    np.testing.assert_allclose(found.degree, expected.degree, atol=1e-4)
    strong = expected.degree > 0.3
    turned = np.degrees(found.angle_rad - expected.angle_rad)[strong] % 180
    # Mirrored layouts leave this pane's vertical axis where it is.
    about = np.median((turned + 22.5) % 180 - 22.5)
    assert any(about == pytest.approx(step, abs=3) for step in (0, 45, 90, 135))
    if layout in ("0_45_135_90", "0_135_45_90"):
        assert about == pytest.approx(90, abs=3)


def test_stamps_repeated_and_out_of_order_are_dropped_and_a_jump_begins_anew():
    pipeline = fed("mosaic", 3)
    raw = pane_camera("mosaic").frame(0).images["image_raw"]
    assert not pipeline.add_mosaic(3 * STEP, raw)
    assert not pipeline.add_mosaic(2 * STEP, raw)
    assert pipeline.newest_stamp_ns == 3 * STEP
    assert pipeline.counters["dropped_repeated"] == pipeline.counters["dropped_out_of_order"] == 1
    # What comes after a pause may be an error: the image after it tells.
    assert not pipeline.add_mosaic(100 * STEP, raw)
    assert pipeline.add_mosaic(101 * STEP, raw)
    assert pipeline.counters["dropped_ahead"] == 1
    assert pipeline.add_mosaic(STEP, raw)
    assert pipeline.counters["time_jumps"] == 1


def test_one_stamp_from_the_far_future_costs_one_image_and_is_counted():
    pipeline = fed("rotating", 6)
    images, _ = pipeline._rotating.images()
    pipeline.add_angle(10**9 * STEP, 0.0)
    assert not pipeline.add_image(10**9 * STEP, images[0])
    assert pipeline.angles == 4
    frame = pane_camera("rotating").frame(6)
    pipeline.add_angle(7 * STEP, float(np.degrees(frame.filter_rad)))
    assert pipeline.add_image(7 * STEP, frame.images["image_rect"])
    assert pipeline.angles == 4 and pipeline.newest_stamp_ns == 7 * STEP
    assert pipeline.counters["stamps_from_future"] == 2
    assert pipeline.counters["time_jumps"] == 0


@pytest.mark.parametrize(("sway_px", "least_db"), [(0.0, 41), (0.5, 41), (3.0, 36)])
def test_alignment_costs_little_at_rest_and_gains_much_in_motion(sway_px, least_db):
    camera = PolarizerCamera(pane(), PolarizerSettings("rotating", noise=1.0, sway_px=sway_px))
    found = {}
    for alignment in ("none", "ecc"):
        pipeline = SeparationPipeline("schechner", alignment={"alignment": alignment})
        for number in range(7):
            frame = camera.frame(number)
            stamp = (number + 1) * STEP
            pipeline.add_angle(stamp, float(np.degrees(frame.filter_rad)))
            pipeline.add_image(stamp, frame.images["image_rect"])
        layers = pipeline.separate(Wanted(degree=False, angle=False)).layers
        found[alignment] = psnr(layers.transmission, unit(frame.truth[0]))
    assert found["ecc"] > least_db
    if sway_px > 1:
        assert found["ecc"] > found["none"] + 6


def test_a_jump_of_the_stamps_forgets_the_frames_of_a_rotating_filter():
    pipeline = fed("rotating", 6)
    assert pipeline.ready
    pipeline = fed("rotating", 6, SeparationPipeline("schechner", time_jump_s=0.1))
    camera = pane_camera("rotating")
    frame = camera.frame(0)
    pipeline.add_angle(STEP, 0.0)
    assert pipeline.add_image(STEP, frame.images["image_rect"])
    assert pipeline.angles == 1 and not pipeline.ready


def test_sets_of_different_sizes_and_saturated_ones_are_refused():
    images = list(small_pane().images[:3])
    pipeline = SeparationPipeline()
    pipeline.add_set(1, [images[0], images[1], images[2][:100]], (0, 45, 90))
    with pytest.raises(InputError, match="image 2 is"):
        pipeline.separate()
    pipeline.add_set(2, [np.full_like(images[0], 255)] * 3, (0, 45, 90))
    with pytest.raises(InputError, match="saturated"):
        pipeline.separate()
    pipeline.add_set(3, images, (0, 45, 90))
    assert pipeline.separate().layers is not None


def test_partly_saturated_images_are_separated_without_confidence_there():
    images = [image.copy() for image in small_pane().images[:3]]
    for image in images:
        image[:, :80] = 255
    pipeline = SeparationPipeline("schechner")
    pipeline.add_set(1, images, (0, 45, 90))
    confidence = pipeline.separate().layers.confidence
    assert (confidence[:, :80] == 0).all()
    assert confidence[:, 80:].mean() > 0.3


def test_swapped_angles_are_told_and_counted():
    images = list(small_pane().images)
    images[0], images[1] = images[1], images[0]
    pipeline = SeparationPipeline()
    pipeline.add_set(1, images, (0, 45, 90, 135))
    assert "check the order of the angles" in pipeline.separate().complaint
    assert pipeline.counters["implausible"] == 1


def test_sets_of_twelve_bits_low_in_sixteen_are_told_and_counted():
    images = [image.astype(np.uint16) * 16 + 3 for image in small_pane().images[:3]]
    pipeline = SeparationPipeline()
    pipeline.add_set(1, images, (0, 45, 90))
    assert "set bit_depth=12" in pipeline.separate().complaint
    assert pipeline.counters["implausible"] == 1


def test_a_half_mosaic_has_layers_of_half_the_size():
    pipeline = fed("mosaic", 1)
    assert pipeline.sizes(320, 240) == ((320, 240), (160, 120))
    pipeline.set_capture({"resolution": "full"})
    assert pipeline.sizes(320, 240) == ((320, 240), (320, 240))
    assert pipeline.separate().layers.transmission.shape == (240, 320)


@pytest.mark.parametrize(("resolution", "size"), [("half", (119, 158)), ("full", (238, 316))])
def test_rows_and_columns_that_make_no_whole_cell_are_left_out(resolution, size):
    pipeline = SeparationPipeline(capture={"resolution": resolution})
    pipeline.add_mosaic(1, np.full((239, 317), 90, np.uint8))
    used, layers = pipeline.sizes(317, 239)
    assert (used, layers[::-1]) == ((316, 238), size)
    assert pipeline.separate().layers.transmission.shape == size


def test_values_that_do_not_fit_change_nothing():
    pipeline = SeparationPipeline("schechner")
    with pytest.raises(InputError, match="no method"):
        SeparationPipeline("nonsense")
    with pytest.raises(InputError, match="no parameter"):
        SeparationPipeline("kong", {"nonsense": 1.0})
    with pytest.raises(InputError, match="no number"):
        pipeline.add_angle(1, float("nan"))


def test_a_reset_forgets_every_image():
    for kind in ("mosaic", "angles", "rotating"):
        pipeline = fed(kind)
        pipeline.reset()
        assert not pipeline.ready
