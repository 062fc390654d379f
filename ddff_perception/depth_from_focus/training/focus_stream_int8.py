"""What FocusStream's INT8 files are calibrated on: training stacks, as run time sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...engines.create import create_engine
from ...engines.model_zoo import Model
from ...training.quantise import Feeds
from ...types import InputError
from ..data.generated.stack_files import read_training_stack, stack_files
from ..learned.focus_stream import SUBCELL, head_inputs, prepared

_STACKS = 24


def calibration(models: Sequence[Model], data: Sequence[Path]) -> list[list[Feeds]]:
    """Inputs of the encoder and of the head after it, `models`, from stacks of `write_stacks`.

    Raises InputError where `data` holds none.
    """
    files = [file for folder in data for file in stack_files(folder)]
    if not files:
        raise InputError("INT8 is calibrated on training stacks: give folders of them by --data")
    images: list[Feeds] = []
    stacks: list[Feeds] = []
    with create_engine(models[0], "onnxruntime") as encoder:
        for file in files[:: max(1, len(files) // _STACKS)][:_STACKS]:
            stack = read_training_stack(file)
            pixels = stack.images[0].permute(0, 2, 3, 1).contiguous().numpy()
            slices = [{"image": prepared(image, SUBCELL)[None]} for image in pixels]
            # What an engine gives lies in memory that its next run overwrites.
            kept = [encoder.run(one)["encoding"].copy() for one in slices]
            encodings = np.concatenate(kept)
            dioptres = stack.dioptres[0].double().numpy()
            places = (dioptres - dioptres[0]) / (dioptres[-1] - dioptres[0])
            images += slices[::2]
            stacks.append(head_inputs(encodings, places))
    return [images, stacks]
