"""What a frame looks like: the ways to a descriptor, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engines.model_zoo import find_model
from ..methods import Method, MethodEntry, Methods
from ..types import InputError
from .classical.sift import SiftSettings, sift_histograms
from .learned.encoder import EncoderSettings, encoder

METHODS = Methods(
    encoder=MethodEntry(
        "256 numbers by a light network that began with ImageNet; needs an engine: the default",
        encoder,
        EncoderSettings,
        network=True,
    ),
    sift=MethodEntry(
        "histograms of SIFT descriptors on a grid, without learning", sift_histograms, SiftSettings
    ),
)


def described_by(method: Method) -> dict[str, Any]:
    """What descriptors depend on, as a reference keeps it: `method`, its values, its model's hash.

    Those of two methods that differ in it cannot be compared.
    """
    own = method.settings.values()
    facts: dict[str, Any] = {"method": method.name, "values": dict(own)}
    if method.entry.network:
        facts["values"] = {"model": find_model(str(own["model"])).card.name}
        facts["sha256"] = find_model(str(own["model"])).card.sha256
    return facts


def require_same(method: Method, facts: Mapping[str, Any]) -> None:
    """Raises InputError where a reference with these `facts` has descriptors of another method."""
    mine = described_by(method)
    if all(facts.get(name) == value for name, value in mine.items()):
        return
    said = " ".join(f"{n}={v}" for n, v in dict(facts.get("values") or {}).items())
    raise InputError(
        f"the reference was built with the method {facts.get('method')} ({said[:120]}), which is "
        f"not {method.name} as it is set here: build it anew, or set what it was built with"
    )
