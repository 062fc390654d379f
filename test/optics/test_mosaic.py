import cv2
import numpy as np
import pytest

from ddff_perception.optics.mosaic import ANGLES_DEG, LAYOUTS, demosaic, mosaic_layout, split_mosaic
from ddff_perception.optics.polarization import angle_of_polarization_deg, stokes_from_images
from ddff_perception.types import InputError

SONY = mosaic_layout("90_45_135_0")
BAYER = ("rggb", "grbg", "gbrg", "bggr")
KINDS = [(np.uint8, 255), (np.uint16, 65535)]


def mosaic_of(images, layout):
    """The raw image that a camera of `layout` takes of four full-size images, pixel by pixel."""
    height, width = images[0].shape[:2]
    raw = np.zeros((height, width), images[0].dtype)
    for y in range(height):
        for x in range(width):
            image = images[ANGLES_DEG.index(layout.angles_deg[2 * (y % 2) + x % 2])]
            if layout.bayer is None:
                raw[y, x] = image[y, x]
            else:
                colour = layout.bayer[2 * (y // 2 % 2) + x // 2 % 2]
                raw[y, x] = image[y, x, "bgr".index(colour)]
    return raw


def ramps(shape, dtype, top, colour):
    """Four images that are linear in x and y, each in its own way."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float64)
    images = []
    for number in range(4):
        planes = [
            top * (0.1 + 0.05 * number + 0.08 * c + (0.006 + 0.001 * c) * x + 0.004 * number * y)
            for c in range(3 if colour else 1)
        ]
        image = np.round(np.stack(planes, axis=2) if colour else planes[0])
        images.append(image.astype(dtype))
    return images


def test_sonys_sensors_are_among_the_layouts():
    assert SONY.angles_deg == (90, 45, 135, 0)
    colour = mosaic_layout("90_45_135_0_rggb")
    assert (colour.angles_deg, colour.bayer) == ((90, 45, 135, 0), "rggb")
    assert all(name == layout.name for name, layout in LAYOUTS.items())
    assert all(sorted(layout.angles_deg) == [0, 45, 90, 135] for layout in LAYOUTS.values())
    assert len(LAYOUTS) == 40


def test_an_unknown_layout_is_refused_in_words():
    with pytest.raises(InputError, match=r"no mosaic layout '0_90'.*90_45_135_0"):
        mosaic_layout("0_90")


@pytest.mark.parametrize("name", [n for n in LAYOUTS if n.count("_") == 3])
@pytest.mark.parametrize(("dtype", "top"), KINDS)
def test_the_images_of_a_monochrome_mosaic_are_exact_views(name, dtype, top):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, top, (6, 8), endpoint=True).astype(dtype) for _ in ANGLES_DEG]
    layout = mosaic_layout(name)
    raw = mosaic_of(images, layout)
    for image, half, angle in zip(images, split_mosaic(raw, layout), ANGLES_DEG, strict=True):
        row, column = layout.position(angle)
        np.testing.assert_array_equal(half, image[row::2, column::2])
        assert np.shares_memory(half, raw)


@pytest.mark.parametrize("name", [n for n in LAYOUTS if n.count("_") == 3])
@pytest.mark.parametrize(("dtype", "top"), KINDS)
def test_full_resolution_is_exact_on_linear_images(name, dtype, top):
    images = ramps((12, 16), dtype, top, colour=False)
    layout = mosaic_layout(name)
    for image, full in zip(images, demosaic(mosaic_of(images, layout), layout), strict=True):
        assert full.dtype == dtype
        inner = np.s_[1:-1, 1:-1]
        np.testing.assert_allclose(full[inner].astype(float), image[inner], atol=1.0)


@pytest.mark.parametrize("bayer", BAYER)
@pytest.mark.parametrize(("dtype", "top"), KINDS)
def test_colour_mosaics_are_exact_on_linear_images(bayer, dtype, top):
    layout = mosaic_layout(f"90_45_135_0_{bayer}")
    images = ramps((24, 32), dtype, top, colour=True)
    raw = mosaic_of(images, layout)
    halves, fulls = split_mosaic(raw, layout), demosaic(raw, layout)
    for image, half, full, angle in zip(images, halves, fulls, ANGLES_DEG, strict=True):
        row, column = layout.position(angle)
        inner = np.s_[2:-2, 2:-2]
        expected = image[row::2, column::2].astype(float)
        np.testing.assert_allclose(half[inner].astype(float), expected[inner], atol=1.0)
        inner = np.s_[4:-4, 4:-4]
        np.testing.assert_allclose(full[inner].astype(float), image[inner], atol=1.5)


@pytest.mark.parametrize("name", ["90_45_135_0", "0_135_45_90", "90_45_135_0_rggb"])
@pytest.mark.parametrize(("dtype", "top"), KINDS)
def test_flat_images_are_flat_up_to_the_border(name, dtype, top):
    layout = mosaic_layout(name)
    shape = (8, 12) if layout.bayer is None else (8, 12, 3)
    images = [np.full(shape, top // (2 + n), dtype) for n in range(4)]
    raw = mosaic_of(images, layout)
    for image, half, full in zip(
        images, split_mosaic(raw, layout), demosaic(raw, layout), strict=True
    ):
        np.testing.assert_array_equal(full, image)
        np.testing.assert_array_equal(half, image[::2, ::2])


def test_full_resolution_is_what_opencv_makes_of_a_bayer_image():
    """Red and blue of a Bayer image lie on the lattice of one polarizer angle each."""
    raw = np.random.default_rng(1).integers(0, 256, (40, 60), dtype=np.uint8)
    theirs = cv2.cvtColor(raw, cv2.COLOR_BayerBG2BGR)
    ours = dict(zip(ANGLES_DEG, demosaic(raw, SONY), strict=True))
    inner = np.s_[2:-2, 2:-2]
    for angle, channel in ((90.0, 2), (0.0, 0)):
        difference = ours[angle][inner].astype(int) - theirs[..., channel][inner]
        assert np.abs(difference).max() <= 1


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (np.zeros((7, 8), np.uint8), "90_45_135_0", "8x7.*repeats every 2"),
        (np.zeros((6, 8), np.uint8), "90_45_135_0_rggb", "8x6.*repeats every 4"),
        (np.zeros((0, 8), np.uint8), "90_45_135_0", "8x0"),
        (np.zeros((8, 8, 3), np.uint8), "90_45_135_0", "H x W in 8 or 16 bits"),
        (np.zeros((8, 8), np.float32), "90_45_135_0", "H x W in 8 or 16 bits"),
    ],
)
def test_what_is_no_mosaic_is_refused(raw, name, words):
    for function in (split_mosaic, demosaic):
        with pytest.raises(InputError, match=words):
            function(raw, mosaic_layout(name))


@pytest.mark.parametrize("decode", [split_mosaic, demosaic])
def test_polarizers_before_a_real_camera_have_their_measured_angles(real_captures, decode):
    """Labelled 0, 45, 90, 135 from the vertical; centres and radius in half-resolution pixels."""
    raw = cv2.imread(str(real_captures / "polarization/polarizer_IMX250MZR.png"), -1)
    stokes = stokes_from_images(decode(raw, SONY), ANGLES_DEG)
    scale = raw.shape[0] // stokes.s0.shape[0]
    angle = angle_of_polarization_deg(stokes)
    for (x, y), expected in zip(
        [(190, 546), (500, 546), (776, 546), (1054, 546)], (83, 43, 175, 136), strict=True
    ):
        centre, radius = np.array([y, x]) * 2 // scale, 120 // scale
        disc = angle[
            centre[0] - radius : centre[0] + radius, centre[1] - radius : centre[1] + radius
        ]
        phasor = np.exp(2j * np.deg2rad(disc.astype(np.float64))).mean()
        measured = np.rad2deg(np.angle(phasor)) / 2 % 180
        assert abs((measured - expected + 90) % 180 - 90) < 2.0
