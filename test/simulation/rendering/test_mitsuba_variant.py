import importlib
from pathlib import Path

import pytest

from ddff_perception.simulation.rendering import mitsuba_variant
from ddff_perception.simulation.rendering.mitsuba_variant import (
    find_llvm,
    llvm_version,
    load_mitsuba,
)
from ddff_perception.types import InputError


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("libLLVM-14.so.1", 14),
        ("libLLVM-16.so", 16),
        ("libLLVM.so.19.1", 19),
        ("libLLVM.so.20.1-rust", None),
        ("libLLVM.so", None),
        ("libLLVMCore.so", None),
    ],
)
def test_version_is_read_from_the_library_name(name, version):
    assert llvm_version(Path("/nowhere") / name) == version


def _folder(tmp_path: Path, *names: str) -> str:
    for name in names:
        (tmp_path / name).touch()
    return str(tmp_path)


def test_newest_usable_library_is_found(tmp_path, monkeypatch):
    monkeypatch.delenv("DRJIT_LIBLLVM_PATH", raising=False)
    folder = _folder(tmp_path, "libLLVM-14.so.1", "libLLVM-16.so.1", "libLLVM.so.19.1")
    assert find_llvm([folder]) == tmp_path / "libLLVM.so.19.1"


def test_libraries_that_crash_are_never_taken(tmp_path, monkeypatch):
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / "libLLVM-15.so.1"))
    folder = _folder(tmp_path, "libLLVM-14.so.1", "libLLVM-15.so.1")
    assert find_llvm([folder]) is None
    (tmp_path / "libLLVM-17.so.1").touch()
    assert find_llvm([folder]) == tmp_path / "libLLVM-17.so.1"


def test_link_without_a_version_counts_as_what_it_points_to(tmp_path, monkeypatch):
    monkeypatch.delenv("DRJIT_LIBLLVM_PATH", raising=False)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "libLLVM.so.15.0").touch()
    (tmp_path / "libLLVM.so").symlink_to(tmp_path / "real" / "libLLVM.so.15.0")
    assert find_llvm([str(tmp_path)]) is None


def test_library_named_by_the_user_comes_first(tmp_path, monkeypatch):
    folder = _folder(tmp_path, "libLLVM-17.so.1", "libLLVM.so.19.1")
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", str(tmp_path / "libLLVM-17.so.1"))
    assert find_llvm([folder]) == tmp_path / "libLLVM-17.so.1"


def test_missing_mitsuba_is_one_sentence(monkeypatch):
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    load = mitsuba_variant.load_mitsuba.__wrapped__
    with pytest.raises(InputError, match="install"):
        load()


def test_unknown_variant_is_refused(monkeypatch):
    monkeypatch.setenv("DDFF_MITSUBA_VARIANT", "cuda_rgb")
    with pytest.raises(InputError, match="llvm_ad_rgb"):
        load_mitsuba.__wrapped__()
