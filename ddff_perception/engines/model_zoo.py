"""Models by name: the shipped ones in `weights/` and a user's own, each with its card beside it.

A file whose SHA-256 differs from its card's is refused: weights are input, and input is checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..types import InputError
from .model_card import ModelCard, TensorCard, read_card, write_card_file

__all__ = [
    "Model",
    "ModelCard",
    "TensorCard",
    "card_path",
    "find_model",
    "find_parts",
    "shipped_models",
    "write_card",
]

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
SUFFIX = ".onnx"
# Field 1 of an ONNX file, `ir_version`, as a varint: what every exporter writes first.
_FIRST_BYTE = b"\x08"


@dataclass(frozen=True, slots=True)
class Model:
    """An ONNX file and its card."""

    path: Path
    card: ModelCard

    def read(self) -> bytes:
        """The file's bytes, checked against the card; raises InputError where they differ."""
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise InputError(f"cannot read the model {self.path}: {error.strerror}") from error
        _check_content(content, self)
        return content

    def sibling(self, precision: str) -> Model | None:
        """The same network in another precision, where its file lies beside this one.

        `name_float16.onnx` belongs to `name.onnx`, which is float32.
        """
        stem = self.path.stem.removesuffix(f"_{self.card.precision}")
        wanted = stem if precision == "float32" else f"{stem}_{precision}"
        path = self.path.with_name(wanted + SUFFIX)
        if path == self.path or not path.is_file() or not card_path(path).is_file():
            return None
        return find_model(path)


def card_path(model: Path) -> Path:
    """Where the card of an ONNX file lies."""
    return model.with_suffix(".json")


def shipped_models() -> list[str]:
    """Names of the networks in `weights/`, sorted."""
    return sorted(path.stem for path in WEIGHTS.glob(f"*{SUFFIX}"))


def find_model(name_or_path: str | Path) -> Model:
    """A shipped model by its name, or a user's own by the path of its ONNX file.

    Raises InputError on an unknown name, a missing file or card, a card that is not valid, and a
    file that is truncated, changed, or no ONNX file at all.
    """
    path = _path_of(name_or_path)
    card_file = card_path(path)
    if not card_file.is_file():
        raise InputError(
            f"the model {path} has no card: put {card_file.name} beside it (`ddff export` writes "
            "one, docs/engines.md says what is in it)"
        )
    model = Model(path, read_card(card_file))
    if model.card.sha256 == "":
        raise InputError(f"the model card {card_file} has no sha256: write it anew")
    model.read()
    return model


def find_parts(name_or_path: str, parts: Sequence[str] = ()) -> list[Model]:
    """The models of a network that has several: `name_part` for each of `parts`, shipped, or beside
    each other at the path without `_part.onnx`. Without parts `find_model` alone.
    """
    if not parts:
        return [find_model(name_or_path)]
    stem = name_or_path.removesuffix(SUFFIX)
    plain = name_or_path == Path(name_or_path).name and stem == name_or_path
    return [find_model(f"{stem}_{part}{'' if plain else SUFFIX}") for part in parts]


def write_card(path: Path, card: ModelCard) -> Model:
    """Writes the card of the ONNX file at `path` beside it, with the file's hash and size.

    Raises InputError where the file cannot be read or is no ONNX file.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the model {path}: {error.strerror}") from error
    if not content.startswith(_FIRST_BYTE):
        raise InputError(f"{path} is not an ONNX file")
    digest = hashlib.sha256(content).hexdigest()
    full = replace(card, sha256=digest, size_bytes=len(content))
    write_card_file(card_path(path), full)
    return Model(path, full)


def _path_of(name_or_path: str | Path) -> Path:
    text = str(name_or_path)
    path = Path(text).expanduser()
    if path.suffix != SUFFIX and path.name == text:
        shipped = WEIGHTS / f"{text}{SUFFIX}"
        if shipped.is_file():
            return shipped
        known = ", ".join(shipped_models()) or "none"
        raise InputError(
            f"there is no model {text!r}: shipped are {known}; give your own as a path to its "
            f"{SUFFIX} file"
        )
    if not path.is_file():
        raise InputError(f"there is no model file {path}")
    if path.suffix != SUFFIX:
        raise InputError(f"a model is an {SUFFIX} file with its card beside it, not {path}")
    return path


def _check_content(content: bytes, model: Model) -> None:
    path, card = model.path, model.card
    if not content.startswith(_FIRST_BYTE):
        raise InputError(f"{path} is not an ONNX file: export or download it again")
    if len(content) < card.size_bytes:
        raise InputError(
            f"the model {path} is truncated ({len(content)} of {card.size_bytes} bytes): copy it "
            "again"
        )
    if hashlib.sha256(content).hexdigest() != card.sha256:
        raise InputError(
            f"the model {path} is not the file that its card describes (its SHA-256 differs): "
            "take both from one export"
        )
