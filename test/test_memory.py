"""Freed memory stays with the process that will want it again."""

from __future__ import annotations

import subprocess
import sys

import pytest

_CODE = """
import resource, sys
import numpy as np
from ddff_perception.memory import {most}, keep_freed_memory

if {kept}:
    assert keep_freed_memory({most})
for turn in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones({bytes}, np.uint8).sum()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(most: str, size: int, kept: bool) -> int:
    code = _CODE.format(most=most, bytes=size, kept=kept)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(run.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's")
@pytest.mark.parametrize(("most", "size"), [("FOR_FRAMES", 20 << 20), ("FOR_JOBS", 200 << 20)])
def test_an_array_takes_the_place_of_the_one_before_without_a_page_fault(
    most: str, size: int
) -> None:
    """A hundredth of the pages at most; of 200 MB at once, as a training's, for a command."""
    assert _faults(most, size, kept=True) < size / 4096 / 100


def test_without_it_arrays_of_frames_are_fetched_anew_each_time() -> None:
    # Huge pages are faulted 512 at a time.
    assert _faults("FOR_FRAMES", 64 << 20, kept=False) >= 16
