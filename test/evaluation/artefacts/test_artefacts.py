"""Artefacts of networks: shown, measured, and told from what a picture has by itself."""

from __future__ import annotations

import numpy as np
import pytest
from bursts import wide_picture
from panes import small_pane

from ddff_perception.evaluation.artefacts.demonstrations import (
    faded,
    overlap,
    without_high_frequencies,
)
from ddff_perception.evaluation.artefacts.measures import artefacts, checkerboard
from ddff_perception.reflection.methods import separate
from ddff_perception.types import InputError, PolarizedImages

PICTURE = wide_picture() ** (1 / 2.2)


def test_a_kernel_of_three_makes_a_checkerboard_and_one_of_four_does_not() -> None:
    inside = slice(8, -8)
    three, four = (overlap(kernel)[inside, inside] for kernel in (3, 4))
    assert three.min() < 0.5 * three.max()
    assert np.ptp(four) == 0
    assert checkerboard(three) > 0.2 and checkerboard(four) < 0.01


def test_a_picture_by_itself_has_none() -> None:
    found = artefacts(PICTURE, PICTURE)
    assert (found.checkerboard, found.ringing) == (0, 0)
    assert found.saturation == pytest.approx(1)


@pytest.mark.parametrize("strength", [0.02, 0.05])
def test_a_checkerboard_on_a_picture_is_measured(strength: float) -> None:
    board = overlap(3, 64)[:256, :256]
    board = (board - board.mean()) / board.std()
    found = artefacts((PICTURE + strength * board[..., None]).astype(np.float32), PICTURE)
    assert found.checkerboard > 1.5 * strength and found.ringing < 0.1


def test_ringing_grows_as_frequencies_go() -> None:
    rings = [
        artefacts(without_high_frequencies(PICTURE, r), PICTURE).ringing for r in (0.5, 0.2, 0.1)
    ]
    assert rings == sorted(rings) and rings[0] < 0.03 < rings[-1]


def test_lost_colour_is_measured() -> None:
    found = [artefacts(faded(PICTURE, share), PICTURE).saturation for share in (0.0, 0.3, 0.8)]
    assert found == sorted(found, reverse=True) and found[-1] < 0.7
    assert np.isnan(artefacts(PICTURE[..., 0], PICTURE[..., 0]).saturation)


def test_images_of_two_sizes_are_refused() -> None:
    with pytest.raises(InputError, match="one size"):
        artefacts(PICTURE, PICTURE[:-1])
    with pytest.raises(InputError, match="32 pixels"):
        artefacts(PICTURE[:20, :20], PICTURE[:20, :20])


def test_the_reflection_network_has_no_checkerboard() -> None:
    pytest.importorskip("onnxruntime")
    pane = small_pane()
    images = PolarizedImages(pane.images, pane.angles_deg)
    found = separate(images, "network").transmission
    true = pane.transmission.astype(np.float32) / np.iinfo(pane.transmission.dtype).max
    height, width = (n // 8 * 8 for n in found.shape[:2])
    measured = artefacts(found[:height, :width], true[:height, :width])
    assert measured.checkerboard < 0.02
