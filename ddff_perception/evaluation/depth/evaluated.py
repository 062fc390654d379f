"""The scores of a depth map as they stand in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...types import InputError
from ..reports.facts import inside, number, numbers
from .evaluation import SCHEMA
from .reliability import Reliability
from .sparsification import SparsificationCurve


@dataclass(frozen=True)
class Evaluated:
    """The scores of one result: `scores[variant][domain][measure]`, as in
    `DepthEvaluation.to_json`, and what was said about its confidence.
    """

    content: Mapping[str, Any]
    sparsification: SparsificationCurve | None = None
    reliability: Reliability | None = None

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Evaluated:
        """From the JSON of `ddff eval`; raises InputError where it is none."""
        if content.get("schema") != SCHEMA:
            raise InputError(f"it is no evaluation of this version ({SCHEMA}): run ddff eval again")
        curve, table = content.get("sparsification"), content.get("reliability")
        return cls(
            content,
            None if curve is None else SparsificationCurve.from_json(curve),
            None if table is None else Reliability.from_json(table),
        )

    def score(self, measure: str, variant: str = "filled", domain: str = "dioptres") -> float:
        """One measure, NaN where it is missing."""
        return number(self.content, "scores", variant, domain, measure)

    def curve(self, variant: str = "covered", domain: str = "dioptres") -> list[float]:
        """Per cent of bad pixels at each of `thresholds(domain)`; empty where missing."""
        return numbers(inside(self.content, "scores", variant, domain, "badpix_curve"))

    def thresholds(self, domain: str = "dioptres") -> list[float]:
        return numbers(inside(self.content, "badpix_thresholds", domain))
