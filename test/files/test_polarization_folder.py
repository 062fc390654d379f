import json

import numpy as np
import pytest

from ddff_perception.files.polarization_folder import (
    PolarizationFolder,
    layer_pair,
    read_polarization,
    write_polarization,
)
from ddff_perception.types import CameraModel, InputError

CAMERA = CameraModel(12, 8, 20.0, 20.0, 5.5, 3.5)
ANGLES = (0.0, 45.0, 90.0)


def content(dtype=np.uint8, **changes):
    rng = np.random.default_rng(1)
    images = [rng.integers(0, np.iinfo(dtype).max, (8, 12, 3)).astype(dtype) for _ in range(5)]
    values = {
        "images": tuple(images[:3]),
        "angles_deg": ANGLES,
        "camera": CAMERA,
        "transmission": images[3],
        "reflection": images[4],
    }
    return PolarizationFolder(**{**values, **changes})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_written_is_read_again(tmp_path, dtype):
    given = content(dtype, offset_known=False)
    write_polarization(tmp_path, given, {"settings": {"seed": 3}})
    found = read_polarization(tmp_path)
    assert (found.angles_deg, found.offset_known, found.camera) == (ANGLES, False, CAMERA)
    for one, other in zip(
        (*found.images, *layer_pair(found)), (*given.images, *layer_pair(given)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == dtype
    assert json.loads((tmp_path / "polarization.json").read_text())["settings"] == {"seed": 3}


def test_truth_and_camera_may_be_missing(tmp_path):
    write_polarization(tmp_path, content())
    write_polarization(tmp_path, content(camera=None, transmission=None, reflection=None))
    found = read_polarization(tmp_path)
    assert found.camera is None and layer_pair(found) is None
    assert not (tmp_path / "transmission.png").exists()


SPOILT = {
    "no json": (lambda d, f: (f / "polarization.json").unlink(), "has no polarization.json"),
    "no images": (lambda d, f: d.update(images=[]), "lists no images"),
    "no name": (lambda d, f: d["images"][1].pop("image"), "image 1 names no file"),
    "missing": (lambda d, f: d["images"][2].update(image="7.png"), "'7.png' does not exist"),
    "outside": (lambda d, f: d["images"][0].update(image="../x.png"), "image 0 leaves the folder"),
    "angle text": (lambda d, f: d["images"][1].update(angle_deg="45"), "angle_deg of image 1"),
    "angle true": (lambda d, f: d["images"][1].update(angle_deg=True), "angle_deg of image 1"),
    "two angles": (lambda d, f: d["images"].pop(), "three or more different polarizer angles"),
    "one twice": (lambda d, f: d["images"][1].update(angle_deg=180), "fewer (modulo 180)"),
    "camera": (lambda d, f: d["camera"].update(width=13), "the camera is 13x8"),
    "camera text": (lambda d, f: d["camera"].pop("fx"), "camera needs the numbers"),
    "layer": (lambda d, f: d["truth"].update(reflection=3), "must be the name of an image"),
    "layer away": (lambda d, f: d["truth"].update(reflection="9.png"), "does not exist"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_folder_that_cannot_be_used_is_refused_in_one_sentence(tmp_path, case):
    folder = tmp_path / "pane"
    write_polarization(folder, content())
    spoil, words = SPOILT[case]
    file = folder / "polarization.json"
    description = json.loads(file.read_text())
    spoil(description, folder)
    if file.exists():
        file.write_text(json.dumps(description))
    with pytest.raises(InputError) as caught:
        read_polarization(folder)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_layers_of_another_type_are_refused():
    with pytest.raises(InputError, match="true reflection is"):
        content(reflection=np.zeros((8, 12, 3), np.uint16))
