"""The file of an index (`files.array_file`)."""

from __future__ import annotations

from ..files.array_file import FileKind

INDEX = FileKind(
    magic=b"DDFFIDX\x01",
    name="index",
    command="ddff index build",
    arrays={
        "roots": 3,
        "leaves": 3,
        "centres": 3,
        "offsets": 1,
        "ids": 1,
        "codes": None,
        "vectors": 2,
    },
    small=("roots", "leaves", "centres", "offsets"),
)
