import json

import cv2
import numpy as np
import pytest
from command_line import ddff
from folders import names
from PIL import Image

from ddff_perception import __version__
from ddff_perception.reflection.capture.images import images_from_angles
from ddff_perception.reflection.methods import METHODS, separate

FILES = [
    "confidence.npy", "polarization_angle.npy", "polarization_angle.png", "polarization_degree.npy",
    "polarization_degree.png", "polarizer_0.png", "polarizer_1.png", "polarizer_2.png",
    "reflection.png", "summary.json", "transmission.png",
]  # fmt: skip
DEGREE, ANGLE = 0.6, 30.0


def shot(angle, dtype=np.uint8, shape=(24, 32, 3)):
    """Bluish light of one degree and angle of polarization behind a polarizer, brighter to the
    right.
    """
    level = np.linspace(0.2, 0.8, shape[1])[:, None] * np.array([1.0, 0.95, 0.9]) + np.zeros(shape)
    share = 0.5 * (1 + DEGREE * np.cos(np.deg2rad(2 * (angle - ANGLE))))
    return np.round(level * share * np.iinfo(dtype).max).astype(dtype)


@pytest.fixture
def write(tmp_path):
    def write(angles, **options):
        paths = [tmp_path / f"{number}_{angle}.png" for number, angle in enumerate(angles)]
        for path, angle in zip(paths, angles, strict=True):
            assert cv2.imwrite(str(path), shot(angle, **options))
        return paths

    return write


def read(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


def test_three_images_give_two_layers_and_the_polarization(write, tmp_path, accepted):
    paths = write((0, 45, 90))
    outcome = accepted("reflection", *paths, "-o", tmp_path / "out")
    assert f"Results are in {tmp_path / 'out'}" in outcome.output
    assert names(tmp_path / "out") == FILES
    images = images_from_angles([read(path) for path in paths], (0, 45, 90))
    pair = separate(images, "guarded")
    np.testing.assert_array_equal(np.load(tmp_path / "out" / "confidence.npy"), pair.confidence)
    for name, layer in (("transmission", pair.transmission), ("reflection", pair.reflection)):
        picture = read(tmp_path / "out" / f"{name}.png")
        assert (picture.dtype, picture.shape) == (np.uint8, (24, 32, 3))
        np.testing.assert_array_equal(picture, np.rint(layer * 255).astype(np.uint8))
    degree = np.load(tmp_path / "out" / "polarization_degree.npy")
    angle = np.load(tmp_path / "out" / "polarization_angle.npy")
    assert degree.dtype == angle.dtype == np.float32
    assert degree.shape == angle.shape == (24, 32)
    np.testing.assert_allclose(degree, DEGREE, atol=0.03)
    np.testing.assert_allclose(angle, ANGLE, atol=1.5)
    # Hue 30 of 180 degrees is yellow.
    blue, green, red = read(tmp_path / "out" / "polarization_angle.png")[12, 16].astype(int)
    assert blue < 10
    assert abs(green - red) < 20 < red


def test_the_summary_says_what_was_done(write, tmp_path, accepted):
    paths = write((0, 45, 90, 135))
    outcome = accepted("reflection", *paths, "-o", tmp_path / "out", "--json")
    summary = json.loads(outcome.output)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["version"] == __version__
    assert summary["images"] == [str(path) for path in paths]
    assert summary["polarizer_angles_deg"] == [0, 45, 90, 135]
    assert (summary["width"], summary["height"]) == (32, 24)
    assert summary["method"] == "guarded"
    assert summary["parameters"]["response"] == "linear"
    assert not summary["angles_relative"]
    assert summary["mean_degree_of_polarization"] == pytest.approx(DEGREE, abs=0.02)
    assert summary["method_s"] > 0


def test_other_angles_in_any_order(write, tmp_path, accepted):
    paths = write((100, 10, 55))
    accepted("reflection", *paths, "--angles", "100,10,55", "-o", tmp_path / "out")
    angle = np.load(tmp_path / "out" / "polarization_angle.npy")
    np.testing.assert_allclose(angle, ANGLE, atol=1.5)


def test_sixteen_bits_stay_sixteen_bits(write, tmp_path, accepted):
    paths = write((0, 45, 90), dtype=np.uint16)
    accepted("reflection", *paths, "--method", "most_attenuated", "-o", tmp_path / "out")
    transmission = read(tmp_path / "out" / "transmission.png")
    assert transmission.dtype == np.uint16
    expected = 65535 * np.linspace(0.2, 0.8, 32) * 0.5 * (1 - DEGREE)
    np.testing.assert_allclose(transmission[3, :, 0].astype(float), expected, atol=2)


def test_photographs_are_made_linear_and_shown_as_they_came(tmp_path, accepted):
    paths = [tmp_path / f"{angle}.png" for angle in (0, 45, 90)]
    for path, angle in zip(paths, (0, 45, 90), strict=True):
        coded = 65535 * (shot(angle, np.uint16) / 65535.0) ** (1 / 2.2)
        cv2.imwrite(str(path), np.round(coded).astype(np.uint16))
    options = ("--method", "most_attenuated", "-p", "response=gamma")
    accepted("reflection", *paths, "-o", tmp_path / "out", *options)
    degree = np.load(tmp_path / "out" / "polarization_degree.npy")
    np.testing.assert_allclose(degree, DEGREE, atol=1e-3)
    transmission = read(tmp_path / "out" / "transmission.png")[3, :, 0].astype(float)
    expected = 65535 * (np.linspace(0.2, 0.8, 32) * 0.5 * (1 - DEGREE)) ** (1 / 2.2)
    np.testing.assert_allclose(transmission, expected, atol=5)


@pytest.mark.parametrize(("layout", "angle"), [("90_45_135_0", ANGLE), ("0_45_135_90", 60.0)])
def test_a_raw_mosaic_needs_its_layout(tmp_path, accepted, layout, angle):
    raw = np.zeros((48, 64), np.uint16)
    for number, polarizer in enumerate((90, 45, 135, 0)):
        row, column = divmod(number, 2)
        seen = shot(polarizer, np.uint16, (48, 64, 3))[..., 0]
        raw[row::2, column::2] = seen[row::2, column::2]
    cv2.imwrite(str(tmp_path / "raw.png"), raw)
    arguments = ("--mosaic", tmp_path / "raw.png", "--layout", layout, "-o", tmp_path / "out")
    accepted("reflection", *arguments)
    found = np.load(tmp_path / "out" / "polarization_angle.npy")
    assert found.shape == (24, 32)
    np.testing.assert_allclose(found[2:-2, 2:-2], angle, atol=0.01)
    accepted("reflection", *arguments, "--param", "resolution=full")
    assert read(tmp_path / "out" / "transmission.png").shape == (48, 64)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_runs_and_nothing_of_another_is_left(write, tmp_path, accepted, method):
    paths = write((0, 45, 90))
    accepted("reflection", *paths, "-o", tmp_path / "out", "--method", "schechner")
    accepted("reflection", *paths, "-o", tmp_path / "out", "--method", method)
    images = images_from_angles([read(path) for path in paths], (0, 45, 90))
    expected = separate(images, method)
    confidence = tmp_path / "out" / "confidence.npy"
    assert confidence.exists() == (expected.confidence is not None)
    if expected.confidence is not None:
        np.testing.assert_array_equal(np.load(confidence), expected.confidence)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give three images"),
        (("{0}", "{1}"), "take one more at another angle"),
        (("{0}", "{1}", "--angles", "0,90"), "take one more at another angle"),
        (("{0}", "{1}", "{2}", "--angles", "0,45"), "3 images and 2 angles: give one for each"),
        (("{0}", "{1}", "{2}", "--angles", "0,45,x"), "--angles must be numbers with commas"),
        (("{0}", "{1}", "{2}", "--angles", "0,45,180"), "three or more different"),
        (("{0}", "{1}", "{2}", "{2}", "--angles", "0,45,90,90"), "angles 90 and 90 are one"),
        (("{0}", "{1}", "{2}", "{2}x"), "cannot read the image"),
        (("{0}", "{1}", "{2}", "--layout", "90_45_135_0"), "give it as --mosaic RAW"),
        (("{0}", "{1}", "{2}", "--method", "none"), "there is no method 'none'"),
        (("{0}", "{1}", "{2}", "-p", "response=log"), "response must be one of"),
        (("{0}", "{1}", "{2}", "-p", "black=1"), "there is no parameter 'black'"),
        (("--mosaic", "{0}", "--layout", "90_0"), "layout must be one of 90_45_135_0"),
        (("--mosaic", "{0}", "--angles", "0,45,90"), "no images and no --angles"),
        (("{0}", "--mosaic", "{1}"), "no images and no --angles"),
    ],
)
def test_bad_input_is_refused_in_words(write, tmp_path, refused, arguments, words):
    paths = write((0, 45, 90))
    given = [argument.format(*paths) for argument in arguments]
    assert words in refused("reflection", *given, "-o", tmp_path / "out")


def test_images_of_two_sizes_are_refused(write, tmp_path, refused):
    paths = write((0, 45, 90))
    cv2.imwrite(str(paths[2]), shot(90, shape=(24, 30, 3)))
    words = refused("reflection", *paths, "-o", tmp_path / "out")
    assert f"{paths[2].name} is (24, 30, 3) uint8, the others are (24, 32, 3) uint8" in words


def test_a_real_polarization_camera(real_captures, tmp_path, capfd):
    raw = real_captures / "polarization/polarizer_IMX250MZR.png"
    assert ddff(capfd, "reflection", "--mosaic", raw, "-o", tmp_path / "out").status == 0
    degree = np.load(tmp_path / "out" / "polarization_degree.npy")
    assert degree.shape == (1024, 1224)
    # A polarizer before the camera polarizes what is behind it; the overcast sky is clipped.
    assert np.median(degree[500:590, 150:230]) > 0.45
    assert np.median(degree[20:100, 400:700]) < 0.02


def test_images_in_the_wrong_order_are_told(write, tmp_path, accepted):
    named = write((0, 45, 90, 135))
    right = [
        path.rename(tmp_path / f"{letter}.png") for path, letter in zip(named, "abcd", strict=True)
    ]
    accepted("reflection", *right, "-o", tmp_path / "right")
    assert json.loads((tmp_path / "right" / "summary.json").read_text())["complaint"] is None
    wrong = [right[0], right[2], right[1], right[3]]
    outcome = accepted("reflection", *wrong, "-o", tmp_path / "wrong")
    assert "the images do not fit their polarizer angles" in outcome.output
    told = json.loads((tmp_path / "wrong" / "summary.json").read_text())["complaint"]
    assert "check the order of the angles" in told


def test_a_colour_image_is_no_mosaic(write, tmp_path, refused):
    (path,) = write((0,))
    assert cv2.imwrite(str(path), shot(0) // np.array([1, 2, 3], np.uint8))
    words = refused("reflection", "--mosaic", path, "-o", tmp_path / "out")
    assert "raw mosaic is H x W" in words


def mosaic(height, width, dtype=np.uint8, factor=1):
    """The raw of layout 90_45_135_0 of light of one polarization."""
    raw = np.zeros((height, width), dtype)
    light = {a: shot(a, shape=(height, width, 1))[..., 0] for a in (0, 45, 90, 135)}
    whole = {a: values.astype(dtype) * factor for a, values in light.items()}
    for angle, row, column in ((90, 0, 0), (45, 0, 1), (135, 1, 0), (0, 1, 1)):
        raw[row::2, column::2] = whole[angle][row::2, column::2]
    return raw


def test_a_raw_of_odd_size_is_cropped_and_it_says_so(tmp_path, accepted):
    assert cv2.imwrite(str(tmp_path / "raw.png"), mosaic(47, 65))
    accepted("reflection", "--mosaic", tmp_path / "raw.png", "-o", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "65x47 cropped to 64x46, whole cells" in summary["understood"]
    assert "layout 90_45_135_0 (by default)" in summary["understood"]
    assert read(tmp_path / "out" / "transmission.png").shape == (23, 32)


def test_packed_pixels_are_unpacked_and_their_pattern_completes_the_layout(tmp_path, accepted):
    raw = mosaic(48, 64, np.uint16, 16).ravel()
    low, high = raw[0::2], raw[1::2]
    triples = np.stack([low & 255, low >> 8 | (high & 15) << 4, high >> 4], 1).astype(np.uint8)
    (tmp_path / "raw.bin").write_bytes(triples.tobytes())
    given = ("--mosaic", tmp_path / "raw.bin", "--pixel-format", "BayerRG12p", "--size", "64x48")
    accepted("reflection", *given, "-o", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "layout 90_45_135_0_rggb (by default)" in summary["understood"]
    assert summary["mean_degree_of_polarization"] == pytest.approx(DEGREE, abs=0.03)
    assert read(tmp_path / "out" / "transmission.png").shape == (24, 32, 3)


@pytest.mark.parametrize("layout", ["IMX250MZR", "90,45,135,0", "90_45_135_0"])
def test_a_layout_is_understood_as_people_write_it(tmp_path, accepted, layout):
    assert cv2.imwrite(str(tmp_path / "raw.png"), mosaic(48, 64))
    given = ("--mosaic", tmp_path / "raw.png", "--layout", layout)
    accepted("reflection", *given, "-o", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["parameters"]["layout"] == "90_45_135_0"


def test_what_a_raw_shows_of_itself_is_said(tmp_path, accepted):
    assert cv2.imwrite(str(tmp_path / "raw.png"), mosaic(96, 128, np.uint16, 15))
    accepted("reflection", "--mosaic", tmp_path / "raw.png", "-o", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert "say --param bit_depth=12" in " ".join(summary["understood"])
    assert "set bit_depth=12" in summary["complaint"]
    given = ("--mosaic", tmp_path / "raw.png", "--param", "bit_depth=12")
    accepted("reflection", *given, "-o", tmp_path / "out")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["understood"] == ["layout 90_45_135_0 (by default)"]
    assert summary["complaint"] is None


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_photographs_are_told_to_need_their_response(tmp_path, accepted, suffix):
    paths = [tmp_path / f"p_{angle}{suffix}" for angle in (0, 45, 90)]
    exif = Image.Exif()
    exif[272] = "a camera"
    exif[0x8769] = {0xA001: 1}  # the colour space is sRGB
    for path, angle in zip(paths, (0, 45, 90), strict=True):
        picture = Image.fromarray(shot(angle)[..., ::-1])
        picture.save(path, **({"exif": exif} if suffix == ".png" else {}))
    outcome = accepted("reflection", *paths, "-o", tmp_path / "out")
    assert "--param response=srgb" in " ".join(outcome.output.replace("│", " ").split())
    given = (*paths, "--param", "response=srgb")
    assert "hardly" not in accepted("reflection", *given, "-o", tmp_path / "out").output


def test_a_black_level_in_counts_is_one_in_shares(write, tmp_path, accepted):
    paths, layers = write((0, 45, 90)), []
    for level in ("0.1", "25.5"):
        given = (*paths, "--param", f"black_level={level}")
        accepted("reflection", *given, "-o", tmp_path / level)
        layers.append(read(tmp_path / level / "transmission.png"))
    np.testing.assert_array_equal(*layers)


def test_bits_and_black_of_floats_are_the_files_own(tmp_path, accepted, refused):
    layers = []
    for name, dtype in (("whole", np.uint16), ("float", np.float32)):
        files = [tmp_path / f"{name}_{angle}.tif" for angle in (0, 45, 90)]
        for file, angle in zip(files, (0, 45, 90), strict=True):
            assert cv2.imwrite(str(file), (3.0 * shot(angle)[..., 0] + 100).astype(dtype))
        given = (*files, "--param", "bit_depth=12", "-p", "black_level=100")
        accepted("reflection", *given, "-o", tmp_path / name)
        layers.append(read(tmp_path / name / "transmission.png").astype(int))
        told = json.loads((tmp_path / name / "summary.json").read_text())
        assert told["complaint"] is None and "bits" not in " ".join(told["understood"])
    assert np.abs(layers[0] - layers[1]).max() <= 8
    dark = tmp_path / "dark.npy"
    np.save(dark, mosaic(48, 64).astype(np.float32) / 255 / 40)
    given = ("reflection", "--mosaic", dark, "-o", tmp_path / "out")
    assert "bit_depth" not in accepted(*given).output
    assert "no less than 1" in refused(*given, "-p", "black_level=100")
