"""Makes `docs/images/demo.png`, the README's picture, by the methods that the demos run."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import yaml

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.evaluation.depth.figures import colorize_depth
from ddff_perception.evaluation.reports.colours import colorize_confidence
from ddff_perception.files.images import write_image
from ddff_perception.files.polarization_folder import read_polarization
from ddff_perception.files.results import written_by
from ddff_perception.files.stack_folder import read_stack
from ddff_perception.reflection.capture.images import CAPTURE_PARAMETERS, images_from_angles
from ddff_perception.reflection.methods import separate
from ddff_perception.types import ImageArray

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "ddff_perception" / "data"
GAP, WIDTH, TILE = 8, 1600, (400, 300)


@written_by(None)
def main() -> None:
    rows = [in_a_row(sweep_tiles()), in_a_row(pane_tiles())]
    write_image(ROOT / "docs" / "images" / "demo.png", np.vstack(rows))


def sweep_tiles() -> list[ImageArray]:
    """Near and far slice, all in focus, depth, confidence of the demo stack."""
    stack = read_stack(DATA / "demo_stack").stack
    estimate = DepthFromFocus(demo_method("demo", "depth_from_focus")).process(stack)
    assert estimate.all_in_focus is not None
    order = np.argsort(stack.focus_distances_m)
    near, far = (stack.slices[int(i)] for i in (order[1], order[-2]))
    return [
        label(near.image, f"focused at {near.focus_distance_m:.2f} m"),
        label(far.image, f"focused at {far.focus_distance_m:.1f} m"),
        label(estimate.all_in_focus, "all in focus"),
        label(colorize_depth(estimate.depth), "depth: red near, blue far"),
        label(colorize_confidence(estimate.confidence), "confidence"),
    ]


def pane_tiles() -> list[ImageArray]:
    """Two polarizer angles and the layers of the demo pane."""
    folder = read_polarization(DATA / "demo_pane")
    pane = images_from_angles(folder.images, folder.angles_deg, CAPTURE_PARAMETERS.complete())
    layers = separate(pane, demo_method("reflection_demo", "reflection_separation"))
    first, second = (folder.images[i] for i in (0, 2))
    angles = folder.angles_deg
    return [
        label(brightened(first / 255.0), f"polarizer at {angles[0]:.0f} deg"),
        label(brightened(second / 255.0), f"polarizer at {angles[2]:.0f} deg"),
        label(brightened(layers.transmission), "what lies behind the window"),
        label(brightened(layers.reflection), "what the window reflects"),
    ]


def demo_method(demo: str, node: str) -> str:
    """The method that a demo's parameter file names, or the node's own."""
    content = yaml.safe_load((ROOT / "config" / f"{demo}.yaml").read_text(encoding="utf-8"))
    for name, values in content.items():
        if name.endswith(node) and "method" in values["ros__parameters"]:
            return str(values["ros__parameters"]["method"])
    raise SystemExit(f"config/{demo}.yaml names no method of {node}")


def brightened(layer: np.ndarray) -> ImageArray:
    """A linear layer, 0..1, as an image to look at."""
    return np.asarray(255 * np.clip(layer, 0, 1) ** (1 / 2.2), np.uint8)


def in_a_row(tiles: list[ImageArray]) -> ImageArray:
    """Tiles side by side, as wide as the picture."""
    gap = np.full((tiles[0].shape[0], GAP, 3), 255, np.uint8)
    row = tiles[0]
    for tile in tiles[1:]:
        row = np.hstack([row, gap, tile])
    height = round(row.shape[0] * WIDTH / row.shape[1])
    return np.asarray(cv2.resize(row, (WIDTH, height), interpolation=cv2.INTER_AREA), np.uint8)


def label(picture: np.ndarray, text: str) -> ImageArray:
    """The picture with its caption on a white strip below."""
    colour = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
    fitted = cv2.resize(colour, TILE, interpolation=cv2.INTER_AREA)
    strip = np.full((30, TILE[0], 3), 255, np.uint8)
    cv2.putText(strip, text, (4, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (60, 60, 60), 1, cv2.LINE_AA)
    return np.vstack([fitted, strip])


if __name__ == "__main__":
    main()
