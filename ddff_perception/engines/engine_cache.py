"""Built engines on disk: found by everything that they depend on, whole or not there.

Each engine is two files: `<model>-<key>.engine`, the plan, and `<model>-<key>.json`, which says in
clear text what the key was made of, when and how long it was built, and the plan's own hash. A
plan that does not match its hash is never given to the library.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..files.atomic import make_folder, remove, write_bytes, write_json
from ..files.results import written_by
from ..types import InputError

PLAN_SUFFIX = ".engine"
TIMING_SUFFIX = ".timing"
_LOCK_SUFFIX = ".lock"
_KEY_DIGITS = 16


@dataclass(frozen=True, slots=True)
class CachedEngine:
    """One engine in the cache, as its sidecar describes it."""

    plan: Path
    sidecar: Path
    facts: Mapping[str, Any]
    built: Mapping[str, Any]

    @property
    def size_bytes(self) -> int:
        return self.plan.stat().st_size if self.plan.is_file() else 0


class EngineCache:
    """The folder of built engines; raises InputError where it cannot be made or written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entry(self, model_name: str, facts: Mapping[str, Any]) -> CachedEngine:
        """Where the engine with these facts lies, or would."""
        stem = self.folder / f"{slug(model_name)}-{cache_key(facts)}"
        sidecar = Path(f"{stem}.json")
        return CachedEngine(Path(f"{stem}{PLAN_SUFFIX}"), sidecar, facts, _built(sidecar))

    def read(self, entry: CachedEngine) -> bytes | None:
        """The plan; None where there is none, or one that its sidecar does not vouch for."""
        content = _read_json(entry.sidecar)
        if content is None or content.get("facts") != _plain(entry.facts):
            return None
        try:
            plan = entry.plan.read_bytes()
        except OSError:
            return None
        known = content.get("built", {}).get("plan_sha256")
        return plan if hashlib.sha256(plan).hexdigest() == known else None

    @written_by(None)
    def write(self, entry: CachedEngine, plan: bytes, **built: Any) -> None:
        """Keeps a plan; the sidecar comes last, so that a plan without one counts as none."""
        make_folder(self.folder)
        remove(entry.sidecar)
        write_bytes(entry.plan, plan)
        digest = hashlib.sha256(plan).hexdigest()
        content = {"facts": dict(entry.facts), "built": {**built, "plan_sha256": digest}}
        write_json(entry.sidecar, content)

    @written_by(None)
    def annotate(self, entry: CachedEngine, **built: Any) -> None:
        """Adds to what the sidecar says about a plan that is there."""
        content = _read_json(entry.sidecar)
        if content is not None:
            content["built"] = {**_built(entry.sidecar), **built}
            write_json(entry.sidecar, content)

    @written_by(None)
    def delete(self, entry: CachedEngine) -> None:
        remove(entry.sidecar)
        remove(entry.plan)

    def entries(self) -> list[CachedEngine]:
        """Every engine with a readable sidecar, by name."""
        found = []
        for sidecar in sorted(self.folder.glob("*.json")):
            content = _read_json(sidecar)
            if content is not None and isinstance(content.get("facts"), dict):
                plan = sidecar.with_suffix(PLAN_SUFFIX)
                found.append(CachedEngine(plan, sidecar, content["facts"], _built(sidecar)))
        return found

    @written_by(None)
    def clear(self, timings: bool = False) -> int:
        """Removes every engine (and the timing caches, if asked); returns the bytes freed."""
        freed = 0
        # Only names that `entry` makes: the folder may be one with files of others.
        ours = f"*-{'[0-9a-f]' * _KEY_DIGITS}"
        patterns = [f"{ours}{suffix}" for suffix in (".json", PLAN_SUFFIX, _LOCK_SUFFIX)]
        for pattern in (*patterns, *([f"*-[0-9]*.[0-9]*{TIMING_SUFFIX}"] if timings else [])):
            for path in filter(Path.is_file, sorted(self.folder.glob(pattern))):
                freed += path.stat().st_size
                remove(path)
        return freed

    def timing_path(self, version: str, gpu: str) -> Path:
        """The timing cache of one TensorRT version and GPU: it outlives stale engines."""
        return self.folder / f"{slug(f'{gpu}-{version}')}{TIMING_SUFFIX}"

    @contextmanager
    def locked(self, entry: CachedEngine) -> Iterator[None]:
        """One process builds an engine; others wait and then find it."""
        make_folder(self.folder)
        path = entry.plan.with_suffix(_LOCK_SUFFIX)
        try:
            file = path.open("w")
        except OSError as error:
            raise InputError(f"cannot lock {path}: {error.strerror or error}") from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def cache_key(facts: Mapping[str, Any]) -> str:
    """The first 16 hexadecimal digits of the facts' SHA-256."""
    text = json.dumps(_plain(facts), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_DIGITS]


def slug(name: str) -> str:
    """`name` with only what a file name may have everywhere."""
    return re.sub(r"[^A-Za-z0-9_.]+", "-", name).strip("-.") or "engine"


def _plain(facts: Mapping[str, Any]) -> Any:
    """The facts as they come back from JSON: tuples are lists then."""
    return json.loads(json.dumps(dict(facts)))


def _built(sidecar: Path) -> Mapping[str, Any]:
    content = _read_json(sidecar) or {}
    built = content.get("built")
    return built if isinstance(built, dict) else {}


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
