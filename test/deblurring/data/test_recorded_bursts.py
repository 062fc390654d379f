"""Videos, and data sets in their exact layout, become bursts that a network learns from."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from bursts import shaken
from command_line import status_of

from ddff_perception.deblurring.data.burst_store import StoredBursts
from ddff_perception.deblurring.data.interpolated import (
    averaged,
    between,
    clips,
    flow_pair,
    refused,
)
from ddff_perception.deblurring.data.sequences import find_sequences
from ddff_perception.optics.srgb import srgb_bytes, srgb_decode
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.types import InputError

WIDE = srgb_bytes(dead_leaves(np.random.default_rng(2), 256))
FRAMES, _ = shaken()


def view(shift: int):
    """128 x 128 pixels of a camera that moved so far."""
    return np.ascontiguousarray(WIDE[64:192, 40 + shift : 168 + shift])


def pan(count: int, step: int = 4):
    return [view(step * n) for n in range(count)]


def test_frames_between_frames_are_where_they_belong() -> None:
    pair = flow_pair(view(0), view(8))
    inner = (slice(16, -16), slice(16, -16))
    half = srgb_bytes(between(pair, 0.5))[inner]
    right, wrong = (np.abs(half.astype(int) - view(n)[inner]).mean() for n in (4, 0))
    assert right < 0.4 * wrong
    np.testing.assert_allclose(srgb_bytes(between(pair, 0.0)), view(0), atol=1)


def test_the_average_is_equation_6_12_in_linear_light() -> None:
    before, after = flow_pair(view(0), view(4)), flow_pair(view(4), view(8))
    parts = [after.first]
    parts += [between(before, 1 - n / 8) for n in (1, 2, 3)] + [
        between(after, n / 8) for n in (1, 2, 3)
    ]
    wanted = srgb_bytes(np.mean(parts, axis=0))
    np.testing.assert_allclose(averaged(before, after, 3, 8), wanted, atol=1)
    one, two = averaged(before, after, 2, 8), averaged(before, after, 8, 8)
    errors = [np.abs(image.astype(int) - view(4)).mean() for image in (one, two)]
    assert 0 < errors[0] < errors[1]


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (view(0), view(4), ""),
        (view(0), view(0), "still"),
        (view(0) // 40, view(4) // 40, "dark or blurred"),
        (cv2.GaussianBlur(view(0), (0, 0), 12), view(4), "dark or blurred"),
        (view(0), np.ascontiguousarray(255 - view(40)[::-1]), "a cut, or too fast"),
    ],
)
def test_what_nothing_can_be_learned_from_is_refused(first, second, why: str) -> None:
    assert refused(flow_pair(first, second)) == why


def test_a_cut_begins_a_new_run() -> None:
    other = [np.ascontiguousarray(255 - frame[::-1]) for frame in pan(4)]
    counts: dict[str, int] = {}
    runs = list(clips([*pan(5), *other], 2, counts, 4))
    assert [len(run) for run in runs] == [3, 2]
    assert counts == {"a cut, or too fast": 1}
    np.testing.assert_array_equal(runs[0][0][1], srgb_bytes(srgb_decode(view(4) / 255.0)))


def save(folder, images) -> None:
    folder.mkdir(parents=True)
    for number, image in enumerate(images, 1):
        cv2.imwrite(str(folder / f"{number:06d}.png"), image)


def test_gopro_dvd_and_bursts_without_truth_are_found_as_they_are_laid_out(tmp_path) -> None:
    blurred, sharp = zip(*FRAMES[:3], strict=True)
    gopro = tmp_path / "GOPRO_Large" / "train" / "GOPR0372_07_00"
    for name in ("blur", "blur_gamma"):
        save(gopro / name, blurred)
    save(gopro / "sharp", sharp)
    dvd = tmp_path / "DeepVideoDeblurring_Dataset" / "quantitative_datasets" / "720p_240fps_1"
    save(dvd / "input", blurred)
    save(dvd / "GT", sharp)
    save(tmp_path / "delbracio" / "books", blurred)
    found = {s.name: s for s in find_sequences(tmp_path)}
    assert [len(s.sharp) for s in found.values()] == [3, 3, 0]
    one = found["GOPRO_Large/train/GOPR0372_07_00"]
    assert [f.parent.name for f in (one.blurred[0], one.sharp[0])] == ["blur", "sharp"]
    (dvd / "GT" / "000003.png").unlink()
    with pytest.raises(InputError, match="do not pair"):
        find_sequences(tmp_path)
    with pytest.raises(InputError, match="holds no sequences"):
        find_sequences(gopro / "blur" if (tmp_path / "x").mkdir() else tmp_path / "x")


def test_a_data_set_becomes_bursts_by_one_command_and_a_network_learns_from_them(tmp_path) -> None:
    scene = tmp_path / "set" / "GOPR0372_07_00"
    save(scene / "blur", [image for image, _ in FRAMES])
    save(scene / "sharp", [sharp for _, sharp in FRAMES])
    made = tmp_path / "bursts"
    wanted = ("--frames", "3", "--size", "64", "-o", made)
    assert status_of("bursts", tmp_path / "set", *wanted) == 0
    store = StoredBursts(made)
    assert len(store) == 3
    burst = store[0]
    matrix = burst.matrices[2] @ np.linalg.inv(burst.matrices[0])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    seen = cv2.warpPerspective(burst.sharp[2], matrix, (64, 64), flags=flags)
    inner = (slice(16, -16), slice(16, -16))
    error = np.abs(seen.astype(int) - burst.sharp[0])[inner].mean()
    assert (
        error < 0.5 * np.abs(burst.sharp[2].astype(int) - burst.sharp[0])[inner].mean() or error < 6
    )
    run = ("--network", "burst_stream", "--preset", "smoke", "-s", "steps=1", "--data", made)
    assert status_of("train", "deblurring", *run, "-o", tmp_path / "run") == 0


def test_a_video_becomes_bursts_by_one_command(tmp_path) -> None:
    file = tmp_path / "pan.avi"
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 30, (128, 128))
    for frame in pan(5):
        writer.write(frame)
    writer.release()
    wanted = ("--frames", "2", "--size", "64", "--count", "3", "-o", tmp_path / "bursts")
    assert status_of("bursts", file, *wanted) == 0
    assert len(StoredBursts(tmp_path / "bursts")) == 3
    assert status_of("bursts", tmp_path / "none", "-o", tmp_path / "other") != 0
