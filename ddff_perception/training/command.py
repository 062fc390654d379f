"""The command that trained weights, as the record beside them tells it: for their card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any


def training_command(capability: str, record: Mapping[str, Any], data: str = "STACKS") -> str:
    """`ddff train ...` of `record`, which training leaves; `data` and OUT stand for folders.

    The weights that it began with are told by the command that made them, where the record has it
    as `first_command`, or by name, where they ship; else they are WEIGHTS.
    """
    words = [f"ddff train {capability} --network {record['network']} --preset {record['preset']}"]
    first, start = record.get("first_command"), record.get("start")
    if start:
        name = str(start) if PurePath(start).name == str(start) else "WEIGHTS"
        words.append(f"--start {'FIRST/weights.safetensors' if first else name}")
    words += [f"--data {data}" for _ in record.get("data", ())]
    words += [f"--set {text}" for text in record.get("overrides", ())]
    command = " ".join([*words, "-o OUT"])
    return f"{str(first).replace('-o OUT', '-o FIRST')} && {command}" if first else command
