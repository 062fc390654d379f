"""Rendered glass panes on disk, as polarization folders with their true layers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np

from ...files.atomic import make_folder
from ...files.polarization_folder import PolarizationFolder, polarization_files, write_polarization
from ...types import CameraModel, FloatArray, ImageArray
from .render import PaneSettings, PaneView, render_pane

KINDS = {8: "uint8", 16: "uint16"}


def pane_content(settings: PaneSettings, view: PaneView, bits: int = 8) -> PolarizationFolder:
    """`view` in whole numbers of 8 or 16 bits, with the camera that saw it."""
    focal = settings.width / (2 * np.tan(np.radians(settings.field_of_view_deg / 2)))
    camera = CameraModel.centred(settings.width, settings.height, float(focal))
    images = tuple(_stored(np.asarray(image, np.float32), bits) for image in view.images.images)
    layers = view.truth.transmission, view.truth.reflection
    return PolarizationFolder(
        images, view.images.angles_deg, True, camera, *(_stored(part, bits) for part in layers)
    )


def render_pane_to_folder(folder: Path, settings: PaneSettings, bits: int = 8) -> None:
    """Renders the pane of `settings` into `folder`: images, layers and polarization.json.

    Raises InputError where Mitsuba is missing or the folder cannot be written, the latter before
    any time is spent.
    """
    make_folder(folder, polarization_files(len(settings.angles_deg)))
    view = render_pane(settings)
    document = {"settings": asdict(settings), "bits": bits}
    write_polarization(folder, pane_content(settings, view, bits), document)


def _stored(image: FloatArray, bits: int) -> ImageArray:
    top = np.float32((1 << bits) - 1)
    levels = np.rint(np.clip(image, 0, 1) * top)
    stored: ImageArray = levels.astype(KINDS[bits])
    return stored
