"""Furniture: libraries parsed into metres, one part per material, kept without pickle."""

import zipfile
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from ddff_perception.simulation.assets.furniture import read_sizes
from ddff_perception.simulation.assets.models import read_model
from ddff_perception.simulation.assets.sheet import draw_model
from ddff_perception.simulation.assets.wavefront import UnshowableError, read_obj
from ddff_perception.simulation.world.maker import Maker
from ddff_perception.types import InputError

PROPERTIES = """id=test
name#1=Caf\\u00e9 chair
model#1=/lib/chair/chair.obj
width#1=50
depth#1=40
height#1=100
elevation#1=20
modelRotation#1=1 0 0 0 1 0 0 0 1
creator#1=Ren\xe9
"""
# Two quads: a red seat at half height in front, and a back with a picture; y up, front +z.
OBJ = """mtllib chair.mtl
v 0 0 0
v 2 0 0
v 2 5 0
v 0 5 0
v 0 2.5 1
v 2 2.5 1
v 2 2.5 0
v 0 2.5 0
vt 0 0
vt 1 0
vt 1 1
vt 0 1
usemtl back
f 1/1 2/2 3/3 4/4
usemtl seat
f -4 -3 -2 -1
"""
MTL = """newmtl back
map_Kd C:\\author\\disk\\wood.png
newmtl seat
Kd 1 0 0
d 0.5
"""


def make_library(path, obj=OBJ):
    picture = cv2.imencode(".png", np.full((600, 300, 3), (10, 20, 200), np.uint8))[1].tobytes()
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("PluginFurnitureCatalog.properties", PROPERTIES.encode("latin-1"))
        packed.writestr("lib/chair/chair.obj", obj)
        packed.writestr("lib/chair/chair.mtl", MTL)
        packed.writestr("lib/chair/oak.png", picture)
    return path


def test_a_model_stands_in_metres_with_its_front_towards_minus_y(tmp_path):
    library = make_library(tmp_path / "lib.sh3f")
    size = read_sizes(library)["lib/chair/chair.obj"]
    assert size.size == pytest.approx((0.5, 0.4, 1.0)) and size.elevation == pytest.approx(0.2)
    model = read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")
    points = np.concatenate([part.vertices for part in model.parts])
    assert points.min(0) == pytest.approx([-0.25, -0.2, 0.0], abs=1e-6)
    assert points.max(0) == pytest.approx([0.25, 0.2, 1.0], abs=1e-6)
    back, seat = model.parts
    assert back.vertices[:, 1] == pytest.approx(0.2)  # the back is away from the front
    assert seat.vertices[:, 2] == pytest.approx(0.5)
    assert model.support == pytest.approx(0.5, abs=0.011)
    assert seat.colour == (1.0, 0.0, 0.0) and seat.opacity == 0.5 and seat.picture is None
    # The MTL names a file on its author's disk; the only picture beside the model stands in.
    assert back.picture is not None and max(back.picture.shape[:2]) <= 256
    assert tuple(back.picture[0, 0]) == (200, 20, 10)


def test_a_kept_model_is_the_same_and_needs_no_library(tmp_path):
    library = make_library(tmp_path / "lib.sh3f")
    size = read_sizes(library)["lib/chair/chair.obj"]
    first = read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")
    library.unlink()
    again = read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")
    assert again.size == first.size and again.support == first.support
    for one, other in zip(first.parts, again.parts, strict=True):
        assert np.array_equal(one.vertices, other.vertices)
        assert np.array_equal(one.faces, other.faces)
        assert one.colour == other.colour


def test_a_damaged_kept_model_is_made_anew(tmp_path):
    library = make_library(tmp_path / "lib.sh3f")
    size = read_sizes(library)["lib/chair/chair.obj"]
    read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")
    kept = next((tmp_path / "kept").rglob("*.npz"))
    whole = kept.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 0xFF
    for damaged in (b"damaged", b"", whole[:-40], whole[: len(whole) // 2], bytes(flipped)):
        kept.write_bytes(damaged)
        model = read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")
        assert len(model.parts) == 2 and len(kept.read_bytes()) == len(whole)
    kept.write_bytes(whole[:-40])
    library.unlink()
    with pytest.raises(InputError, match="no furniture library"):
        read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")


def test_a_model_that_cannot_be_read_stops_a_scene_and_one_that_cannot_be_shown_does_not(tmp_path):
    library = make_library(tmp_path / "lib.sh3f")
    whole = library.read_bytes()
    start = whole.index(b"mtllib")
    library.write_bytes(whole[:start] + b"x" + whole[start + 1 :])
    read = {}

    def model(offer):
        with zipfile.ZipFile(offer) as packed:
            read[offer] = read_obj(packed, "lib/chair/chair.obj")

    maker = Maker(SimpleNamespace(model=model), 0)
    with pytest.raises(InputError, match="has no readable"):
        maker.read(library)
    for obj in ("v 0 0 0\nf 1 2 3\n", "v 0 0 0\n", "v 0 zero 0\n", "usemtl a\nf 1/2/3/4 1 1\n"):
        empty = make_library(tmp_path / "empty.sh3f", obj=obj)
        with pytest.raises(UnshowableError):
            model(empty)
        assert maker.read(empty) is None
    assert read == {}


def test_a_library_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "bad.sh3f").write_bytes(b"no zip")
    with pytest.raises(InputError, match="no furniture library"):
        read_sizes(tmp_path / "bad.sh3f")
    library = make_library(tmp_path / "lib.sh3f", obj="v 0 0 0\nf 1 2 3\n")
    size = read_sizes(library)["lib/chair/chair.obj"]
    with pytest.raises(InputError):
        read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept")


def test_the_sheet_shows_the_model(tmp_path):
    library = make_library(tmp_path / "lib.sh3f")
    size = read_sizes(library)["lib/chair/chair.obj"]
    image = draw_model(read_model(library, "lib/chair/chair.obj", size, tmp_path / "kept"), 100)
    assert image.shape == (100, 100, 3)
    assert 0.05 < (image.min(axis=2) < 200).mean() < 0.9
