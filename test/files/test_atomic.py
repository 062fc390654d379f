import errno
import json
import math
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from folders import names

from ddff_perception.files.atomic import (
    atomic_write,
    json_text,
    make_folder,
    remove,
    reserve,
    write_bytes,
    write_json,
)
from ddff_perception.types import InputError


def failing(number):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    return fail


def test_what_is_reserved_is_on_the_disk(tmp_path):
    with (tmp_path / "a.bin").open("w+b") as file:
        reserve(file, 1 << 20)
        assert os.fstat(file.fileno()).st_blocks * 512 >= 1 << 20
        assert os.fstat(file.fileno()).st_size == 1 << 20


def test_where_nothing_can_be_reserved_a_file_has_its_length(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", failing(errno.EOPNOTSUPP))
    with (tmp_path / "a.bin").open("w+b") as file:
        reserve(file, 5000)
        assert os.fstat(file.fileno()).st_size == 5000
        monkeypatch.setattr(os, "posix_fallocate", failing(errno.ENOSPC))
        with pytest.raises(OSError, match="No space left"):
            reserve(file, 6000)


def test_content_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a.bin"
    with atomic_write(path) as file:
        file.write(b"one ")
        assert not path.exists()
        file.write(b"two")
    assert path.read_bytes() == b"one two"
    assert names(tmp_path) == ["a.bin"]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_a_file_has_the_rights_that_any_other_would_have(tmp_path, mask):
    before = os.umask(mask)
    try:
        write_bytes(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_what_was_there(tmp_path, error):
    write_bytes(tmp_path / "a", b"old")
    with pytest.raises(error), atomic_write(tmp_path / "a") as file:
        file.write(b"new")
        raise error
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace", "tempfile.mkstemp"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO])
def test_a_disk_that_fails_is_told_and_leaves_what_was_there(tmp_path, monkeypatch, call, number):
    write_bytes(tmp_path / "a", b"old")
    with monkeypatch.context() as patch:
        patch.setattr(call, failing(number))
        with pytest.raises(InputError) as caught:
            write_bytes(tmp_path / "a", b"new")
    assert str(caught.value) == f"cannot write {tmp_path / 'a'}: {os.strerror(number)}"
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a"]


def test_a_file_that_outgrows_its_limit_leaves_nothing(tmp_path):
    """A real write that fails midway, as on a full disk: the kernel limits the file's size."""
    code = """
import resource, signal, sys
from pathlib import Path
from ddff_perception.files.atomic import write_bytes
from ddff_perception.types import InputError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_bytes(Path(sys.argv[1]), bytes(1_000_000))
except InputError as error:
    print(error)
"""
    path = tmp_path / "large"
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == f"cannot write {path}: {os.strerror(errno.EFBIG)}"
    assert names(tmp_path) == []


def test_what_cannot_be_a_file_is_told(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    for path in ("gone/a", "file/a", "x" * 300):
        with pytest.raises(InputError, match=f"cannot write .*{path[:20]}"):
            write_bytes(tmp_path / path, b"")
    with pytest.raises(InputError, match="folder is there already"):
        write_bytes(tmp_path / "folder", b"")
    assert names(tmp_path) == ["file", "folder"]


def test_json_has_no_nan_and_plain_numbers(tmp_path):
    content = {
        "a": math.nan, "b": [math.inf, -math.inf, 1.5], "c": (np.float32(0.5), np.int64(3)),
        "d": {"e": np.bool_(True), 7: None}, "f": "δ",
    }  # fmt: skip
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {
        "a": None, "b": [None, None, 1.5], "c": [0.5, 3], "d": {"e": True, "7": None}, "f": "δ",
    }  # fmt: skip
    assert text == json_text(content) + "\n"
    assert "δ" in text


def test_folders_are_made_with_those_above(tmp_path):
    assert make_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert make_folder(tmp_path / "a" / "b").is_dir()


def test_a_folder_that_cannot_be_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for path in ("file", "file/below"):
        with pytest.raises(InputError, match=f"cannot make the folder .*{path}: "):
            make_folder(tmp_path / path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(InputError, match="is not writable: choose another one"):
        make_folder(tmp_path)


def test_what_is_not_there_is_removed_already(tmp_path):
    write_bytes(tmp_path / "a", b"")
    remove(tmp_path / "a")
    remove(tmp_path / "a")
    assert names(tmp_path) == []
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder is there already"):
        remove(tmp_path / "folder")


def test_relative_paths_are_beside_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_bytes(Path("a"), b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
