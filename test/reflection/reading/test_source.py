import json

import cv2
import numpy as np
import pytest
from PIL import Image

from ddff_perception.files.images import write_image
from ddff_perception.files.results import written_by
from ddff_perception.reflection.reading.source import read_mosaic, read_polarizer_images
from ddff_perception.types import InputError

SHOT = np.random.default_rng(0).integers(0, 255, (8, 12)).astype(np.uint8)
USUAL = (0.0, 45.0, 90.0)


def write(folder, *names, image=SHOT):
    for name in names:
        if name.endswith(".npy"):
            np.save(folder / name, image)
        else:
            assert cv2.imwrite(str(folder / name), image)
    return [folder / name for name in names]


def test_angles_come_from_the_names_and_it_says_so(tmp_path):
    source = read_polarizer_images(write(tmp_path, "I90.png", "I0.png", "I45.png"), None, USUAL)
    assert source.angles_deg == (90, 0, 45)
    assert source.notes == ("polarizer angles 90, 0, 45 (from the names)",)


def test_without_a_word_the_usual_angles_are_assumed_and_it_says_so(tmp_path):
    source = read_polarizer_images(write(tmp_path, "a.png", "b.png", "c.png"), None, USUAL)
    assert source.angles_deg == USUAL
    assert "assumed" in source.notes[0]


def test_a_folder_is_read_by_its_description_or_by_its_names(tmp_path):
    write(tmp_path, "I0.png", "I60.png", "I120.png")
    assert sorted(read_polarizer_images([tmp_path], None, USUAL).angles_deg) == [0, 60, 120]
    entries = [{"image": f"I{a}.png", "angle_deg": a + 5} for a in (0, 60, 120)]
    described = {"images": entries, "offset_known": False}
    (tmp_path / "polarization.json").write_text(json.dumps(described))
    source = read_polarizer_images([tmp_path], None, USUAL)
    assert source.angles_deg == (5, 65, 125)
    assert source.offset_known is False
    with pytest.raises(InputError, match="leave --angles away"):
        read_polarizer_images([tmp_path], [0, 60, 120], USUAL)


def test_described_images_may_be_floats_and_grey_saved_as_colour(tmp_path):
    write(tmp_path, "a.tif", "b.npy", image=SHOT.astype(np.float32) / 255)
    write(tmp_path, "c.tif", image=np.float32(0.5) * SHOT / 255)
    entries = [{"image": n, "angle_deg": 60 * k} for k, n in enumerate(("a.tif", "b.npy", "c.tif"))]
    (tmp_path / "polarization.json").write_text(json.dumps({"images": entries}))
    source = read_polarizer_images([tmp_path], None, USUAL)
    assert source.angles_deg == (0, 60, 120) and source.full_range == 1
    assert [image.dtype for image in source.images] == [np.uint16] * 3


def test_results_of_an_earlier_run_are_no_images_of_the_folder(tmp_path):
    write(tmp_path, "I0.png", "I45.png", "I90.png")
    with written_by("ddff reflection"):
        write_image(tmp_path / "transmission.png", SHOT)
        assert len(read_polarizer_images([tmp_path], None, USUAL).files) == 3
        for number in (0, 45, 90):
            (tmp_path / f"I{number}.png").unlink()
        with pytest.raises(InputError, match="holds results and no other images"):
            read_polarizer_images([tmp_path], None, USUAL)


@pytest.mark.parametrize("suffix", [".npy", ".tif"])
def test_float_images_share_one_scale(tmp_path, suffix):
    shots = [np.full((4, 6), level, np.float32) for level in (0.5, 1.0, 2.0)]
    files = [
        write(tmp_path, f"I{a}{suffix}", image=s)[0]
        for a, s in zip((0, 45, 90), shots, strict=True)
    ]
    source = read_polarizer_images(files, None, USUAL)
    assert [int(image[0, 0]) for image in source.images] == [16384, 32768, 65535]
    assert "float32, 2 taken as full range" in source.notes


def test_float_images_fill_the_bits_that_they_are_said_to(tmp_path):
    file = write(tmp_path, "raw.tif", image=np.full((4, 6), 1000, np.float32))[0]
    source = read_mosaic(file, None, None, 12)
    assert source.full_range == 4095
    assert source.images[0][0, 0] == round(1000 / 4095 * 65535)
    with pytest.raises(InputError, match="reach 1000, which 8 bits do not hold"):
        read_mosaic(file, None, None, 8)


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.uint16])
def test_arrays_of_one_channel_and_of_other_floats_are_images(tmp_path, kind):
    shots = np.stack([SHOT, SHOT // 2, SHOT // 4]).astype(kind)[..., None]
    files = [
        write(tmp_path, f"I{angle}.npy", image=shot)[0]
        for angle, shot in zip((0, 45, 90), shots, strict=True)
    ]
    source = read_polarizer_images(files, None, USUAL)
    assert [image.shape for image in source.images] == [SHOT.shape] * 3
    ratio = source.images[0].astype(float).sum() / source.images[1].sum()
    assert ratio == pytest.approx(SHOT.sum() / (shots[1].astype(float).sum()), rel=1e-3)


def test_grey_saved_as_colour_is_grey(tmp_path):
    (file,) = write(tmp_path, "raw.png", image=np.repeat(SHOT[..., None], 3, axis=2))
    source = read_mosaic(file, None, None)
    np.testing.assert_array_equal(source.images[0], SHOT)
    assert source.notes == ("grey saved as colour, taken as grey",)


def test_polarizer_images_are_grey_where_all_of_them_are(tmp_path):
    grey = np.repeat(SHOT[..., None], 3, axis=2)
    files = write(tmp_path, "I0.png", "I45.png", "I90.png", image=grey)
    source = read_polarizer_images(files, None, USUAL)
    assert [image.shape for image in source.images] == [SHOT.shape] * 3
    assert source.notes[1:] == ("grey saved as colour, taken as grey",)
    write(tmp_path, "I90.png")
    source = read_polarizer_images(files, None, USUAL)
    assert [image.shape for image in source.images] == [SHOT.shape] * 3
    coloured = grey.copy()
    coloured[0, 0] = (1, 2, 3)
    write(tmp_path, "I90.png", image=coloured)
    source = read_polarizer_images(files, None, USUAL)
    assert [image.shape for image in source.images] == [grey.shape] * 3
    assert len(source.notes) == 1


def test_too_few_images_get_the_advice_that_fits(tmp_path):
    mosaic = np.tile(np.array([[200, 90], [90, 20]], np.uint8), (20, 20))
    (raw,) = write(tmp_path, "raw.png", image=mosaic)
    with pytest.raises(InputError, match="give it as --mosaic"):
        read_polarizer_images([raw], None, USUAL)
    (grey,) = write(tmp_path, "rgb.png", image=np.repeat(mosaic[..., None], 3, axis=2))
    with pytest.raises(InputError, match="give it as --mosaic"):
        read_polarizer_images([grey], None, USUAL)
    smooth = cv2.resize(SHOT, (64, 48), interpolation=cv2.INTER_CUBIC)
    (photo,) = write(tmp_path, "photo.png", image=smooth)
    with pytest.raises(InputError, match="give three images"):
        read_polarizer_images([photo], None, USUAL)
    with pytest.raises(InputError, match="one more at another angle"):
        read_polarizer_images(write(tmp_path, "I0.png", "I45.png"), None, USUAL)
    five = write(tmp_path, *(f"{letter}.png" for letter in "abcde"))
    with pytest.raises(InputError, match="5 images need their angles"):
        read_polarizer_images(five, None, USUAL)


def test_pixels_without_a_header_need_format_and_size(tmp_path):
    file = tmp_path / "raw.raw"
    file.write_bytes(bytes(60))
    with pytest.raises(InputError, match=r"has no header: give --pixel-format"):
        read_mosaic(file, None, None)
    with pytest.raises(InputError, match="both --pixel-format and --size"):
        read_mosaic(file, "Mono12p", None)
    with pytest.raises(InputError, match="give it as --mosaic with --pixel-format"):
        read_polarizer_images([file], None, USUAL)


def test_an_image_of_another_size_is_named_with_how_it_is_turned(tmp_path):
    files = write(tmp_path, "I0.png", "I45.png")
    turned = Image.Exif()
    turned[274] = 6
    Image.fromarray(SHOT).save(tmp_path / "I90.jpg", exif=turned)
    with pytest.raises(
        InputError, match=r"I90\.jpg is \(12, 8\) uint8 \(its EXIF orientation is 6"
    ):
        read_polarizer_images([*files, tmp_path / "I90.jpg"], None, USUAL)


def test_an_array_that_is_no_image_is_refused(tmp_path):
    files = [
        write(tmp_path, f"I{a}.npy", image=np.full((4, 6), np.nan, np.float32))[0]
        for a in (0, 45, 90)
    ]
    with pytest.raises(InputError, match="no numbers"):
        read_polarizer_images(files, None, USUAL)
    np.save(files[0], np.zeros((2, 3, 4, 5), np.uint8))
    with pytest.raises(InputError, match="give one image, H x W or H x W x 3"):
        read_polarizer_images(files, None, USUAL)
    np.save(files[0], np.zeros((0, 3), np.uint8))
    with pytest.raises(InputError, match="holds no pixels"):
        read_polarizer_images(files, None, USUAL)


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no images"):
        read_polarizer_images([tmp_path], None, USUAL)
