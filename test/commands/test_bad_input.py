"""One test per row of docs/bad_input.md, as far as commands are concerned.

What cannot be used: one sentence on the standard error, status 2, nothing half-written. What looks
odd but can be used: a result.
"""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from command_line import ddff, error_dpt
from folders import contents, files_below
from hostile_files import png_of
from sweep_stacks import sweep_bag
from sweeps import wall_stack, write_wall

from ddff_perception.files.images import write_image
from ddff_perception.files.stack_folder import write_stack
from ddff_perception.types import FocalStack, FocusSlice


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A good stack folder, for a test to spoil."""
    return write_wall(tmp_path / "stack")


def describe(stack: Path, number: int, **changes: Any) -> None:
    """Changes one slice's entry in stack.json."""
    content = json.loads((stack / "stack.json").read_text())
    content["slices"][number].update(changes)
    (stack / "stack.json").write_text(json.dumps(content))


def wall_of(slices: tuple[FocusSlice, ...], folder: Path) -> Path:
    write_stack(folder, FocalStack(slices, wall_stack().camera))
    return folder


def test_no_stack_json(stack, tmp_path, refused):
    (stack / "stack.json").unlink()
    assert "has no stack.json" in refused("depth", stack, "-o", tmp_path / "out")
    assert "is no folder" in refused("depth", tmp_path / "gone", "-o", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_stack_json_that_is_none(stack, tmp_path, refused):
    for text in ("", "{", "[]", '{"slices": []}', '{"slices": [{"image": 3}]}'):
        (stack / "stack.json").write_text(text)
        assert "stack.json" in refused("depth", stack, "-o", tmp_path / "out")


def test_a_missing_image(stack, tmp_path, refused):
    (stack / "003.png").unlink()
    words = refused("depth", stack, "-o", tmp_path / "out")
    assert "the image '003.png' does not exist" in words


def test_images_of_different_sizes(stack, tmp_path, refused):
    write_image(stack / "002.png", np.zeros((64, 95, 3), np.uint8))
    words = refused("depth", stack, "-o", tmp_path / "out")
    assert "slice 2 is (64, 95, 3) uint8, slice 0 is (64, 96, 3) uint8" in words


def test_one_slice(tmp_path, refused):
    wall_of(wall_stack().slices[:1], tmp_path / "stack")
    words = refused("depth", tmp_path / "stack", "-o", tmp_path / "out")
    assert "one focus distance, which says nothing about depth" in words


def test_one_distance_many_times(tmp_path, refused):
    slices = tuple(FocusSlice(s.image, 0.7) for s in wall_stack().slices)
    wall_of(slices, tmp_path / "stack")
    words = refused("depth", tmp_path / "stack", "-o", tmp_path / "out")
    assert "one focus distance" in words


def test_two_slices(tmp_path, accepted):
    wall_of(wall_stack().slices[::5], tmp_path / "stack")
    accepted("depth", tmp_path / "stack", "-o", tmp_path / "out")
    depth = np.load(tmp_path / "out" / "depth.npy")
    assert np.isfinite(depth).all()
    assert np.median(depth[:, :20]) < np.median(depth[:, -20:])


def test_all_slices_equal(tmp_path, accepted):
    image = wall_stack().images[0]
    slices = tuple(FocusSlice(image, s.focus_distance_m) for s in wall_stack().slices)
    wall_of(slices, tmp_path / "stack")
    accepted("depth", tmp_path / "stack", "-o", tmp_path / "out")
    assert np.median(np.load(tmp_path / "out" / "confidence.npy")) < 0.15


def test_unsorted_distances(stack, tmp_path, accepted):
    order = [3, 0, 5, 1, 4, 2]
    wall_of(tuple(wall_stack().slices[i] for i in order), tmp_path / "unsorted")
    for name in ("stack", "unsorted"):
        accepted("depth", tmp_path / name, "-o", tmp_path / f"out_{name}")
    depth = [np.load(tmp_path / f"out_{name}" / "depth.npy") for name in ("stack", "unsorted")]
    np.testing.assert_allclose(depth[1], depth[0], atol=1e-5)


def test_repeated_distances(stack, tmp_path, accepted):
    wrong = np.zeros_like(wall_stack().images[0])
    first = FocusSlice(wrong, wall_stack().slices[2].focus_distance_m)
    wall_of((first, *wall_stack().slices), tmp_path / "repeated")
    for name in ("stack", "repeated"):
        accepted("depth", tmp_path / name, "-o", tmp_path / f"out_{name}")
    depth = [np.load(tmp_path / f"out_{name}" / "depth.npy") for name in ("stack", "repeated")]
    np.testing.assert_allclose(depth[1], depth[0], atol=1e-5)


@pytest.mark.parametrize("distance", [0, -0.5, math.nan, -math.inf, "near", True, [1.0]])
def test_impossible_distances(stack, tmp_path, refused, distance):
    describe(stack, 1, focus_distance_m=distance)
    words = refused("depth", stack, "-o", tmp_path / "out")
    assert "focus_distance_m of slice 1" in words


def test_unknown_distances(stack, tmp_path, accepted):
    for number in range(6):
        describe(stack, number, focus_distance_m=None)
    assert "depth is relative" in accepted("depth", stack, "-o", tmp_path / "out").output
    depth = np.load(tmp_path / "out" / "depth.npy")
    assert depth[:, :16].mean() < 0.3 < 0.7 < depth[:, -16:].mean()


def test_some_unknown_distances(stack, tmp_path, accepted):
    describe(stack, 1, focus_distance_m=None)
    accepted("depth", stack, "-o", tmp_path / "out")
    assert not json.loads((tmp_path / "out" / "summary.json").read_text())["relative"]
    assert error_dpt(tmp_path / "out") < 0.15


@pytest.mark.parametrize("kind", ["16-bit colour", "grey", "16-bit grey"])
def test_other_kinds_of_images(tmp_path, accepted, kind):
    def converted(image: np.ndarray) -> np.ndarray:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) if "grey" in kind else image
        return image.astype(np.uint16) * 257 if "16" in kind else image

    slices = wall_stack().slices
    slices = tuple(FocusSlice(converted(s.image), s.focus_distance_m) for s in slices)
    wall_of(slices, tmp_path / "stack")
    accepted("depth", tmp_path / "stack", "-o", tmp_path / "out")
    assert error_dpt(tmp_path / "out") < 0.1


def test_images_that_are_mixed(stack, tmp_path, refused):
    write_image(stack / "002.png", cv2.cvtColor(wall_stack().images[2], cv2.COLOR_BGR2GRAY))
    assert "one size and type" in refused("depth", stack, "-o", tmp_path / "out")


@pytest.mark.parametrize("keep", [0.0, 0.02, 0.5, 0.97])
def test_a_truncated_image(stack, tmp_path, refused, keep):
    data = (stack / "004.png").read_bytes()
    (stack / "004.png").write_bytes(data[: int(keep * len(data))])
    assert str(stack / "004.png") in refused("depth", stack, "-o", tmp_path / "out")


def test_16_bit_images_that_hold_fewer_bits(tmp_path, accepted):
    said = "the images hold 12 of 16 bits"
    sharp = []
    for name, factor in (("full", 257), ("held", 16)):
        wide = [
            (s.image.astype(np.uint16) * factor, s.focus_distance_m) for s in wall_stack().slices
        ]
        wall_of(tuple(FocusSlice(*part) for part in wide), tmp_path / name)
        outcome = accepted("depth", tmp_path / name, "-o", tmp_path / "out" / name)
        assert (said in outcome.errors) is (name == "held")
        sharp.append(cv2.imread(str(tmp_path / "out" / name / "all_in_focus.png"), -1) / 65535)
    assert sharp[1].max() > 0.9
    np.testing.assert_allclose(sharp[1], sharp[0], atol=5e-3)
    images = [tmp_path / "held" / f"{number:03}.png" for number in range(3)]
    accepted("reflection", *images, "-o", tmp_path / "reflection")
    summary = json.loads((tmp_path / "reflection" / "summary.json").read_text())
    assert f"{said}: say --param bit_depth=12 if they do" in summary["understood"]


def test_files_that_unpack_to_too_much(stack, tmp_path, refused, monkeypatch):
    content = json.loads((stack / "stack.json").read_text())
    content["slices"] *= 400
    (tmp_path / "often").mkdir()
    (tmp_path / "often" / "stack.json").write_text(json.dumps(content))
    words = refused("depth", tmp_path / "often", "-o", tmp_path / "out")
    assert "has 2400 images, more than the 2000 that may be" in words
    bomb = png_of(30_000, 10_000)
    (stack / "002.png").write_bytes(bomb)
    for command in (("depth", stack), ("stack", stack), ("reflection", *[stack / "002.png"] * 3)):
        words = refused(*command, "-o", tmp_path / "out")
        assert "002.png has 300 megapixels" in words and "DDFF_MAX_MEGAPIXELS" in words
    monkeypatch.setenv("DDFF_MAX_ARRAY_GIB", "1e-6")
    truth = ("--truth", stack / "depth.npy")
    assert "GiB" in refused("eval", "--estimate", stack / "depth.npy", *truth)


@pytest.mark.parametrize("name", ["../outside.png", "{outside}", "link.png", "a/../../outside.png"])
def test_an_image_path_that_leaves_the_folder(stack, tmp_path, refused, name):
    write_image(tmp_path / "outside.png", wall_stack().images[0])
    (stack / "link.png").symlink_to(tmp_path / "outside.png")
    describe(stack, 0, image=name.replace("{outside}", str(tmp_path / "outside.png")))
    words = refused("depth", stack, "-o", tmp_path / "out")
    assert "slice 0 leaves the folder" in words


def test_a_camera_that_does_not_fit(stack, tmp_path, refused):
    content = json.loads((stack / "stack.json").read_text())
    good = content["camera"]
    for changes, words in (
        ({"fx": 0}, "fx, fy > 0"),
        ({"width": 640}, "the camera is 640x64, the images are 96x64"),
        ({"cx": None}, "camera needs the numbers"),
    ):
        content["camera"] = good | changes
        (stack / "stack.json").write_text(json.dumps(content))
        assert words in refused("depth", stack, "-o", tmp_path / "out")


def test_a_truth_that_is_damaged(stack, tmp_path, refused):
    data = (stack / "depth.npy").read_bytes()
    (stack / "depth.npy").write_bytes(data[:-100])
    assert "depth.npy" in refused("depth", stack, "-o", tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--method", "magic"), "no method 'magic'; there are: multiscale"),
        (("-p", "cell=-1"), "cell must lie in 0 .. 64 px"),
        (("-p", "window=3"), "no parameter 'window'"),
        (("-p", "cell"), "'cell' is not name=value"),
        (("-p", "alignment=magic"), "alignment must be one of"),
        (("-p", "alignment=breathing"), "lens table"),
        (("-p", "alignment=breathing", "--lens-table", "gone.yaml"), "gone.yaml"),
    ],
)
def test_methods_and_parameters_that_there_are_not(stack, tmp_path, refused, arguments, words):
    assert words in refused("depth", stack, "-o", tmp_path / "out", *arguments)


def in_the_way(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "file").write_text("mine")
    yield tmp_path / "file"
    yield tmp_path / "file" / "below"


def test_an_output_folder_that_cannot_be_made(stack, tmp_path, refused):
    (tmp_path / "photographs").mkdir()
    for number in range(2):
        write_image(tmp_path / "photographs" / f"{number}.png", wall_stack().images[number])
    bag = sweep_bag(tmp_path / "bag")
    for output in in_the_way(tmp_path):
        for arguments in (
            ("depth", stack),
            ("stack", tmp_path / "photographs"),
            ("bag", "eval", bag),
        ):
            assert "cannot make the folder" in refused(*arguments, "-o", output)
    assert (tmp_path / "file").read_text() == "mine"


AS_ANYBODY = """
import ctypes, os, sys
if os.getuid() == 0:
    # Root without the right to pass by permissions (CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH).
    libc = ctypes.CDLL(None)
    head, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(head, sets) == 0
    sets[0] &= ~0b110
    sets[1] &= ~0b110
    assert libc.capset(head, sets) == 0
sys.argv = ["ddff", *sys.argv[1:]]
from ddff_perception.cli import main
main()
"""


def test_an_output_folder_that_is_not_writable(stack, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o555)
    for output, words in (
        (tmp_path / "out", "is not writable: choose another one"),
        (tmp_path / "out" / "below", "cannot make the folder"),
    ):
        result = as_process(AS_ANYBODY, "depth", stack, "-o", output)
        assert result.returncode == 2, result.stderr
        assert result.stderr.count("\n") == 1
        assert words in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def as_process(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )


WITH_A_FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
sys.argv = ["ddff", *sys.argv[2:]]
from ddff_perception.cli import main
main()
"""


@pytest.mark.parametrize("command", ["depth", "stack", "bag"])
def test_a_disk_that_is_full(tmp_path, command):
    """Writing fails midway, for real: the kernel limits the size of files."""
    stack = write_wall(tmp_path / "stack")
    (tmp_path / "photographs").mkdir()
    for number, image in enumerate(wall_stack().images):
        write_image(tmp_path / "photographs" / f"{number}.png", image)
    arguments = {
        "depth": ("depth", stack),
        "stack": ("stack", tmp_path / "photographs"),
        "bag": ("simulate", "bag", stack),
    }[command]
    output = tmp_path / "out"
    result = as_process(WITH_A_FULL_DISK, 8000, *arguments, "-o", output)
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("ddff: ")
    assert os.strerror(errno.EFBIG) in result.stderr
    left = files_below(output) if output.exists() else set()
    # What is there is whole; what says that all is there, is not.
    assert not {"summary.json", "stack.json", "metadata.yaml"} & {path.name for path in left}
    assert all(not path.name.startswith(".") for path in left)
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_disk_that_is_full_leaves_earlier_results_whole(stack, tmp_path, capfd, monkeypatch):
    ddff(capfd, "depth", stack, "-o", tmp_path / "out")
    before = contents(tmp_path / "out")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    outcome = ddff(capfd, "depth", stack, "-o", tmp_path / "out", "--method", "yardstick")
    assert outcome.status == 2
    assert outcome.errors.count("\n") == 1
    assert "No space left on device" in outcome.errors
    after = contents(tmp_path / "out")
    assert all(before[name] == content for name, content in after.items())
    assert "summary.json" not in after
