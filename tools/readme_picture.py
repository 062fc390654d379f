"""Makes `docs/images/demo.png`, the README's picture, from the demo stack."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.depth.figures import colorize_depth
from ddff_perception.evaluation.reports.colours import colorize_confidence
from ddff_perception.files.images import write_image
from ddff_perception.files.stack_folder import read_stack

ROOT = Path(__file__).resolve().parent.parent
GAP = 8


def main() -> None:
    content = read_stack(ROOT / "ddff_perception" / "data" / "demo_stack")
    estimate = DepthFromFocus().process(content.stack)
    assert estimate.all_in_focus is not None
    order = np.argsort(content.stack.focus_distances_m)
    near, far = (content.stack.slices[int(i)] for i in (order[1], order[-2]))
    tiles = [
        label(near.image, f"focused at {near.focus_distance_m:.2f} m"),
        label(far.image, f"focused at {far.focus_distance_m:.1f} m"),
        label(estimate.all_in_focus, "all in focus"),
        label(colorize_depth(estimate.depth), "depth: red near, blue far"),
        label(colorize_confidence(estimate.confidence), "confidence"),
    ]
    gap = np.full((tiles[0].shape[0], GAP, 3), 255, np.uint8)
    row = tiles[0]
    for tile in tiles[1:]:
        row = np.hstack([row, gap, tile])
    small = cv2.resize(
        row, (1600, round(row.shape[0] * 1600 / row.shape[1])), interpolation=cv2.INTER_AREA
    )
    write_image(ROOT / "docs" / "images" / "demo.png", small)


def label(picture: np.ndarray, text: str) -> np.ndarray:
    """The picture with its caption on a white strip below."""
    strip = np.full((40, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 27), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (60, 60, 60), 2, cv2.LINE_AA)
    return np.vstack([picture, strip])


if __name__ == "__main__":
    main()
