"""MATLAB files up to version 7.2; those of 7.3 are HDF5."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat, whosmat

from ..types import InputError
from .limits import ARRAY_GIB, GIB


def read_matlab(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in a MATLAB file by name; raises InputError where it is none or is damaged.

    The format holds numbers and texts, never code.
    """
    try:
        # Every value takes 8 bytes at the most, and twice as many where it is complex.
        values = sum(math.prod(shape) for _, shape, _ in whosmat(path))
        ARRAY_GIB.check(8 * values / GIB, str(path))
        content = loadmat(path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # SciPy raises a dozen kinds on damaged files
        raise InputError(f"{path} is no MATLAB file: {error}") from error
    return {name: value for name, value in content.items() if isinstance(value, np.ndarray)}
