"""How a process that handles images keeps its memory."""

from __future__ import annotations

import ctypes

# <malloc.h>
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 256 * 1024 * 1024
# The most that glibc takes.
_LARGEST_FROM_HEAP_BYTES = 32 * 1024 * 1024


def keep_freed_memory() -> bool:
    """Lets glibc keep freed memory for the next frame; False where there is no glibc.

    Images and clouds of megabytes come and go at camera rate. By default each is given back to the
    kernel and fetched again page by page, which costs a node with a cloud a quarter of its time.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    kept = mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_FROM_HEAP_BYTES) and kept)
