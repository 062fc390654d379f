"""Which Mitsuba variant runs here: LLVM where a usable library is found, else scalar."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ...types import InputError

VARIANT_VARIABLE = "DDFF_MITSUBA_VARIANT"
VARIANTS = ("llvm_ad_rgb", "scalar_rgb")
POLARIZED = "llvm_ad_mono_polarized"
_NEEDS_LLVM = (
    f"polarized scenes need Mitsuba's variant {POLARIZED} and a libLLVM of 16 or later: "
    "install one (Debian: sudo apt install libllvm19)"
)
_OLDEST_LLVM = 16  # 14 and 15 crash on processors with AVX-512
_LIBRARY_FOLDERS = (
    "/usr/lib/*-linux-gnu",
    "/usr/lib/llvm-*/lib",
    "/usr/lib64",
    "/usr/lib64/llvm*/lib64",
    "/usr/lib64/llvm*/lib",
    "/usr/lib",
    "/usr/local/lib",
    "/opt/homebrew/opt/llvm*/lib",
    "/usr/local/opt/llvm*/lib",
)
_NAME = re.compile(r"libLLVM(?:-(\d+))?\.(?:so|dylib)(?:\.(\d+)[\d.]*)?$|LLVM-C\.dll$")


def llvm_version(library: Path) -> int | None:
    """Major version in the file name of a libLLVM (`libLLVM-16.so.1`, `libLLVM.so.19.1`), or of
    what it links to; None where no name says it.
    """
    names = [library.name]
    with contextlib.suppress(OSError):
        names.append(library.resolve().name)
    for name in names:
        match = _NAME.search(name)
        if match and (match.group(1) or match.group(2)):
            return int(match.group(1) or match.group(2))
    return None


def find_llvm(folders: Iterable[str] = _LIBRARY_FOLDERS) -> Path | None:
    """The newest libLLVM of version 16 or later in `folders` (glob patterns), None if there is
    none. A library named by DRJIT_LIBLLVM_PATH comes first, unless its name says it is too old.
    """
    named = os.environ.get("DRJIT_LIBLLVM_PATH")
    if named and Path(named).is_file():
        version = llvm_version(Path(named))
        if version is None or version >= _OLDEST_LLVM:
            return Path(named)
    found: list[tuple[int, Path]] = []
    for pattern in folders:
        for path in Path("/").glob(pattern.lstrip("/") + "/libLLVM*"):
            version = llvm_version(path)
            if version is not None and version >= _OLDEST_LLVM and path.is_file():
                found.append((version, path))
    return max(found, default=(0, None))[1]


@functools.cache
def load_mitsuba() -> Any:
    """The `mitsuba` module with a variant set, the same for the life of the process.

    The environment variable DDFF_MITSUBA_VARIANT chooses one of VARIANTS; without it,
    `llvm_ad_rgb` where a libLLVM of 16 or later is found, else `scalar_rgb` (about half as fast).
    Raises InputError where Mitsuba is not installed or the variable names no variant.
    """
    wanted = os.environ.get(VARIANT_VARIABLE, "")
    if wanted and wanted not in VARIANTS:
        raise InputError(f"{VARIANT_VARIABLE} must be one of {', '.join(VARIANTS)}: {wanted!r}")
    library = find_llvm()
    if library is not None:
        os.environ["DRJIT_LIBLLVM_PATH"] = str(library)
    try:
        mitsuba = importlib.import_module("mitsuba")
    except ImportError as error:
        raise InputError(
            "rendering needs Mitsuba 3: install it with pip install 'ddff_perception[sim]'"
        ) from error
    if not wanted:
        wanted = VARIANTS[0] if library is not None else VARIANTS[1]
    try:
        mitsuba.set_variant(wanted)
    except ImportError:
        if wanted == VARIANTS[1]:
            raise
        mitsuba.set_variant(VARIANTS[1])
    if mitsuba.variant() == VARIANTS[0]:
        # With one thread, on one core, the first rendering may wait for ever.
        drjit = importlib.import_module("drjit")
        drjit.set_thread_count(max(2, drjit.thread_count()))
    mitsuba.set_log_level(mitsuba.LogLevel.Error)
    return mitsuba


@contextlib.contextmanager
def polarized_mitsuba() -> Iterator[Any]:
    """Mitsuba in its polarized variant of one colour; the one before comes back at the end.

    Raises InputError where Mitsuba, this variant or a libLLVM of 16 or later is missing.
    """
    mi = load_mitsuba()
    before = mi.variant()
    # With an older library the variant can be set, and its first rendering aborts the process.
    if find_llvm() is None:
        raise InputError(_NEEDS_LLVM)
    try:
        mi.set_variant(POLARIZED)
    except ImportError as error:
        raise InputError(_NEEDS_LLVM) from error
    try:
        yield mi
    finally:
        mi.set_variant(before)
