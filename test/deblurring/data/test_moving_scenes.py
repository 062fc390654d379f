"""Exact sub-frames along camera paths: what is averaged, and how frames lie over each other."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from ddff_perception.deblurring.data.burst_store import (
    BurstBatches,
    StoredBursts,
    write_shard,
    write_summary,
)
from ddff_perception.deblurring.data.camera_paths import Motion, shaken_path, video_path
from ddff_perception.deblurring.data.exposures import Burst, Camera, Layer, photographed
from ddff_perception.deblurring.data.moving_scenes import Pictures, make_burst
from ddff_perception.optics.textures import dead_leaves
from ddff_perception.types import InputError

SIZE, FRAMES = 64, 4
PICTURE = np.asarray(dead_leaves(np.random.default_rng(0), 192), np.float32)


def shot(motion: Motion, camera: Camera | None = None, seed: int = 1) -> Burst:
    rng = np.random.default_rng(seed)
    path = video_path(rng, FRAMES, motion, SIZE / 2)
    return photographed([Layer(PICTURE, (96.0, 96.0), path)], SIZE, camera or Camera(), rng)


def psnr(one, other) -> float:
    error = np.square(one.astype(float) - other.astype(float)).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-3)))


def test_a_path_is_as_long_as_asked_and_goes_on_between_frames() -> None:
    motion = Motion(10.0, share=1.0, turn=0.0)
    frames = video_path(np.random.default_rng(0), 6, motion, 32.0)
    ends = [np.abs(np.diff(f[:, :2, 2], axis=0)).sum(axis=0) for f in frames]
    assert np.mean([np.hypot(*end) for end in ends]) == pytest.approx(10, rel=0.05)
    for before, after in itertools.pairwise(frames):
        np.testing.assert_allclose(before[-1], after[0], atol=1e-6)


def test_a_still_camera_sees_what_is_there() -> None:
    burst = shot(Motion(0.0), Camera(full_well=1e12))
    np.testing.assert_allclose(burst.frames, burst.sharp, atol=1)


@pytest.mark.parametrize("turn", [0.0, 0.8])
def test_sharp_frames_lie_over_each_other_as_the_matrices_say(turn: float) -> None:
    burst = shot(Motion(6.0, turn=turn))
    for number in (1, 3):
        matrix = burst.matrices[number] @ np.linalg.inv(burst.matrices[0])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        seen = cv2.warpPerspective(burst.sharp[number], matrix, (SIZE, SIZE), flags=flags)
        inner = (slice(16, -16), slice(16, -16))
        aligned = psnr(seen[inner], burst.sharp[0][inner])
        assert aligned > 27
        # Crops follow what is only shifted, to a pixel.
        assert not turn or aligned > psnr(burst.sharp[number][inner], burst.sharp[0][inner]) + 4


def test_light_is_averaged_before_the_cameras_curve() -> None:
    picture = np.zeros((64, 64, 3), np.float32)
    picture[:, 32:] = 1.0
    steps = np.tile(np.eye(3), (2, 1, 1))
    steps[1, 0, 2] = 1.0
    layer = Layer(picture, (31.5, 31.5), [steps])
    camera = Camera(full_well=1e12)
    burst = photographed([layer], 64, camera, np.random.default_rng(0))
    # Half of the light is 188 of 255, and not 128.
    assert 188 in burst.frames[0, 32]


def test_a_thing_before_the_rest_hides_it_and_moves_by_itself() -> None:
    rng = np.random.default_rng(3)
    still = video_path(rng, FRAMES, Motion(0.0), SIZE / 2)
    moving = video_path(rng, FRAMES, Motion(5.0, steady=1.0, turn=0.0), SIZE / 2)
    cover = np.zeros(PICTURE.shape[:2], np.float32)
    cover[88:104, 88:104] = 1.0
    thing = Layer(np.full_like(PICTURE, 0.9), (96.0, 96.0), moving, cover)
    layers = [Layer(PICTURE, (96.0, 96.0), still), thing]
    burst = photographed(layers, SIZE, Camera(full_well=1e12), rng)
    np.testing.assert_allclose(burst.matrices, burst.matrices[:1].repeat(FRAMES, 0))
    assert psnr(burst.sharp[0], burst.sharp[-1]) < 35
    corner = (slice(0, 12), slice(0, 12))
    np.testing.assert_allclose(burst.frames[0][corner], burst.sharp[0][corner], atol=1)


def test_bursts_of_any_kind_are_made_and_the_same_seed_gives_the_same() -> None:
    pictures = Pictures(())
    bursts = [make_burst(np.random.default_rng(5), pictures, 2, SIZE) for _ in range(2)]
    np.testing.assert_array_equal(bursts[0].frames, bursts[1].frames)
    assert bursts[0].frames.shape == (2, SIZE, SIZE, 3)
    shaken = shaken_path(np.random.default_rng(1), 3, Motion(8.0), 32.0)
    assert len(shaken) == 3 and all(len(frame) > 3 for frame in shaken)


def test_what_was_stored_comes_back_in_parts_whose_matrices_fit(tmp_path) -> None:
    write_shard(tmp_path, 0, [shot(Motion(3.0), Camera(full_well=1e12), n) for n in (1, 2)])
    write_shard(tmp_path, 1, [shot(Motion(3.0), Camera(full_well=1e12), 3)])
    write_summary(tmp_path, 2, "three bursts", ["a/b"])
    store = StoredBursts(tmp_path)
    assert len(store) == 3
    np.testing.assert_array_equal(
        store[2].frames, shot(Motion(3.0), Camera(full_well=1e12), 3).frames
    )
    torch.manual_seed(0)
    batches = iter(BurstBatches([store], 48, FRAMES, 4, 0.0))
    for batch in (next(batches) for _ in range(4)):
        count = batch["matrices"].shape[1]
        assert batch["frames"].shape == (4, count + 1, 3, 48, 48)
        assert batch["shifts"].shape == (4, count, 2)
        assert batch["base"].shape == batch["sharp"].shape
        if not count:
            torch.testing.assert_close(batch["base"], batch["frames"][:, 0])
        for part in range(4 if count else 0):
            matrix = batch["matrices"][part, 0].numpy().astype(float)
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            other = batch["frames"][part, 1].numpy().transpose(1, 2, 0)
            seen = cv2.warpPerspective(other, matrix, (48, 48), flags=flags)
            sharp = batch["sharp"][part].numpy().transpose(1, 2, 0)
            inner = (slice(14, -14), slice(14, -14))
            assert np.abs(seen - sharp)[inner].mean() < 0.06


def test_a_folder_that_holds_no_bursts_is_refused(tmp_path) -> None:
    write_summary(tmp_path, 1, "none", [])
    with pytest.raises(InputError, match="missing or damaged"):
        StoredBursts(tmp_path)
