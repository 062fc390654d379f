"""MATLAB files up to version 7.2; those of 7.3 are HDF5."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from ..types import InputError


def read_matlab(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays in a MATLAB file by name; raises InputError where it is none or is damaged.

    The format holds numbers and texts, never code.
    """
    try:
        content = loadmat(path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # SciPy raises a dozen kinds on damaged files
        raise InputError(f"{path} is no MATLAB file: {error}") from error
    return {name: value for name, value in content.items() if isinstance(value, np.ndarray)}
