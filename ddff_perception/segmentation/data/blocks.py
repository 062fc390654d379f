"""Views of coloured blocks: no room at all, but what a test of training can learn in seconds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .views import VARIANTS, LabelledView

HEIGHT, WIDTH = 96, 128


def block_views(count: int, classes: int, seed: int = 0) -> Iterator[LabelledView]:
    """`count` views of rectangles; the class gives the colour and the height above the ground."""
    rng = np.random.default_rng(seed)
    hues = np.random.default_rng(1).integers(30, 220, (256, 3)).astype(np.uint8)
    for _ in range(count):
        labels = np.full((HEIGHT, WIDTH), rng.integers(classes), np.uint8)
        for _ in range(4):
            top, left = int(rng.integers(HEIGHT - 32)), int(rng.integers(WIDTH - 32))
            labels[top : top + 48, left : left + 48] = rng.integers(classes)
        labels[:2] = 255
        light = hues[labels] + rng.integers(0, 20, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        hha = np.full((VARIANTS, HEIGHT, WIDTH, 3), 100, np.uint8)
        hha[..., 1] = 10 + labels.clip(0, 15) * 15
        yield LabelledView(light, labels, hha)
