"""What a process of ours does with memory that it is done with."""

from __future__ import annotations

import ctypes

# <malloc.h>
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
# The most that older glibc takes.
_SURELY_TAKEN_BYTES = 32 << 20
FOR_FRAMES = 256 << 20
"""Bytes that a node keeps: its images and clouds, whatever else it is done with goes back."""
FOR_JOBS = (1 << 31) - 1
"""Bytes that a command keeps, which ends by itself: the most that can be asked for."""


def keep_freed_memory(most_bytes: int) -> bool:
    """Lets glibc keep up to `most_bytes` of freed memory for the next array; False without glibc.

    Arrays of megabytes come and go with each frame, of hundreds of them with each step of a
    training. By default each is given back to the kernel and fetched again page by page: that was
    a quarter of the time of a node with a cloud, and half of that of convolutions over 100 MB.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    kept = mallopt(_M_TRIM_THRESHOLD, most_bytes)
    sizes = (most_bytes, min(most_bytes, _SURELY_TAKEN_BYTES))
    return bool(kept) and any(mallopt(_M_MMAP_THRESHOLD, size) for size in sizes)
