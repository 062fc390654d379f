"""Everything that is said about depth maps against the truth, over one image or many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Literal, get_args

import numpy as np

from ...types import FloatArray, InputError
from .edge_divergence import edge_divergence
from .maps import DOMAINS, Domain, best_constant, check_same_size, fill_to_full_coverage
from .metrics import DepthErrorSums, DepthScores, ScoreSettings
from .reliability import Reliability, ReliabilitySums
from .sparsification import SparsificationCurve, depth_sparsification, mean_curve

Variant = Literal["covered", "filled", "best_constant"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)
SCHEMA = "ddff-evaluation/1"


class DepthEvaluation:
    """Adds up images and answers with scores, sparsification and reliability.

    Three maps are scored per image: the estimate where it is known (`covered`), the estimate
    filled to full coverage from its nearest known pixels (`filled`), and the best constant map
    (`best_constant`: the image's median true dioptre), which any method must beat. With `edges`
    those are compared too (`edge_divergence.py`).
    """

    def __init__(
        self,
        settings: ScoreSettings | None = None,
        domains: Sequence[Domain] = DOMAINS,
        edges: bool = False,
    ) -> None:
        self.settings = settings or ScoreSettings()
        self.domains = tuple(domains)
        self._sums = {
            (variant, domain): DepthErrorSums(domain, self.settings)
            for variant in VARIANTS
            for domain in self.domains
        }
        self._reliability = ReliabilitySums()
        self._curves: list[SparsificationCurve] = []
        self._edges: list[float] | None = [] if edges else None
        self.images = 0

    def add(
        self, estimate: FloatArray, truth: FloatArray, confidence: FloatArray | None = None
    ) -> None:
        """Count one image: H x W metres, metres, and 0..1 (None: no confidence to judge).

        Raises InputError where the sizes differ or nothing of the truth is known.
        """
        check_same_size(estimate, truth)
        constant = best_constant(truth)
        if np.isnan(constant):
            raise InputError("no pixel of the truth is known (all are NaN or 0): nothing to score")
        maps: dict[Variant, FloatArray] = {
            "covered": estimate,
            "filled": fill_to_full_coverage(estimate),
            "best_constant": np.full(truth.shape, constant, dtype=np.float32),
        }
        if confidence is not None:
            self._reliability.add(estimate, truth, confidence)
            curve = depth_sparsification(estimate, truth, confidence)
            self._curves += [curve] if curve is not None else []
        for (variant, _), sums in self._sums.items():
            sums.add(maps[variant], truth)
        if self._edges is not None:
            self._edges.append(edge_divergence(estimate, truth))
        self.images += 1

    def __add__(self, other: DepthEvaluation) -> DepthEvaluation:
        """Both evaluations as one; raises ValueError where their settings differ."""
        result = DepthEvaluation(self.settings, self.domains)
        if self.domains != other.domains:
            raise ValueError("evaluations of different domains do not add up")
        result._sums = {key: sums + other._sums[key] for key, sums in self._sums.items()}
        result._reliability = self._reliability + other._reliability
        result._curves = self._curves + other._curves
        if self._edges is not None and other._edges is not None:
            result._edges = self._edges + other._edges
        result.images = self.images + other.images
        return result

    def scores(
        self, variant: Variant = "covered", domain: Domain = "dioptres", *, pooled: bool = False
    ) -> DepthScores:
        """Mean over the images of their scores, or (`pooled`) the scores over all pixels."""
        sums = self._sums[variant, domain]
        return sums.pooled() if pooled else sums.averaged()

    @property
    def edge_divergence(self) -> float:
        """Mean over the images; NaN where it was not asked for."""
        return float(np.mean(self._edges)) if self._edges else float("nan")

    def sparsification(self) -> SparsificationCurve | None:
        """Mean curve of the error in dioptres over the images; None without confidence."""
        return mean_curve(self._curves)

    def reliability(self) -> Reliability | None:
        """Reliability over all pixels; None without confidence."""
        return self._reliability.reliability() if self._curves else None

    def to_json(self) -> dict[str, object]:
        """What `ddff eval --json` writes and `ddff report` reads.

        `scores[variant][domain][measure]`, per-image means (`pooled_scores`: over all pixels);
        `badpix_thresholds[domain]` belongs to each `badpix_curve`. δ and BadPix are per cent,
        coverage is 0..1. `edge_divergence` is null where it was not asked for, `sparsification` and
        `reliability` are null without confidence.
        """
        curve, table = self.sparsification(), self.reliability()

        def all_scores(pooled: bool) -> dict[str, object]:
            return {
                variant: {
                    domain: self.scores(variant, domain, pooled=pooled).to_json()
                    for domain in self.domains
                }
                for variant in VARIANTS
            }

        return {
            "schema": SCHEMA,
            "images": self.images,
            "settings": asdict(self.settings),
            "scores": all_scores(pooled=False),
            "pooled_scores": all_scores(pooled=True),
            "badpix_thresholds": {
                domain: self.settings.curve_thresholds(domain).tolist() for domain in self.domains
            },
            "edge_divergence": self.edge_divergence if self._edges else None,
            "sparsification": None if curve is None else curve.to_json(),
            "reliability": None if table is None else table.to_json(),
        }
