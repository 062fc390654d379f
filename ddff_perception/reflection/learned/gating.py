"""What of a network's answer comes out: how the surface mixes, where that is better than physics.

The network's layers are not shown. They are explained by an incidence, an axis and a presence at
each place, as a surface can have them (`classical.mixing.fitted_gains`), and these take the place
of the physical answer's as far as a logistic function of both, fitted on views that were mixed by
the Fresnel equations, trusts them more. So whatever a network says, both layers are such that the
surface can give.
"""

from __future__ import annotations

import numpy as np

from ...types import FloatArray
from ..classical.guarded import Answer, GuardedSettings, surface_of
from ..classical.mixing import fitted_gains, near, reflected
from ..classical.presence import logistic

# As found by benchmarks/reflection_confidence.py: a constant, and a weight for each feature.
BETTER = (-3.828, 1.479, -1.309, -0.399, 2.127, 4.973, -9.813, -3.51, -0.286)
CONFIDENCE = (-1.64, -1.471, -1.082, -1.138, 1.295, -1.715, -0.867, 0.002)
# Share of the width over which a network's answer is one surface.
_WINDOW = 0.03
# Standard deviation, as a share of the width, of the surroundings whose edges are compared.
_AROUND = 0.08
# As many fewer edges, as a share, make the network's answer one to be trusted as a whole.
_FEWER_EDGES = 0.03


def gated(
    reflection: FloatArray, answer: Answer, settings: GuardedSettings
) -> tuple[FloatArray, FloatArray]:
    """Gains (3 x h x w) and confidence (h x w) of the physical `answer` with the network's
    `reflection` (h x w) where it is better.
    """
    fit = network_gains(reflection, answer, settings)
    gains, facts = blended(reflection, fit, answer, BETTER)
    return gains, logistic(CONFIDENCE, facts)


def blended(
    reflection: FloatArray,
    fit: tuple[FloatArray, FloatArray],
    answer: Answer,
    better: tuple[float, ...],
) -> tuple[FloatArray, FloatArray]:
    """Gains between the answer's and those of the `fit` to the network's reflection, and what their
    confidence comes from (F x h x w).
    """
    facts = gate_features(reflection, *fit, answer)
    # A network whose layers share as many edges as those of physics has found nothing better.
    ours, theirs = float((facts[-2] + facts[-1]).mean()), float(facts[-1].mean())
    lead = (ours / max(theirs, 1e-6) - 1) / _FEWER_EDGES
    weight = logistic(better, facts) * np.float32(min(max(lead, 0.0), 1.0))
    disagreement = facts[0] + np.log10(weight + 0.05)
    with_it = np.concatenate([answer.facts, [disagreement, facts[1]]])
    return answer.gains + weight * (fit[0] - answer.gains), with_it


def network_gains(
    reflection: FloatArray, answer: Answer, settings: GuardedSettings
) -> tuple[FloatArray, FloatArray]:
    """The surface that explains what the network says, and what it leaves of that."""
    axis = None if settings.plane == "search" else answer.axis_deg
    window = max(1.0, _WINDOW * reflection.shape[1])
    return fitted_gains(reflection, answer.light, surface_of(settings), window, axis)


def gate_features(
    reflection: FloatArray, found: FloatArray, left: FloatArray, answer: Answer
) -> FloatArray:
    """F x h x w: what tells which of two answers is nearer to the truth.

    How far they are apart, how much no surface explains of the network's, what it takes beyond what
    is polarized, the presence of glass, and by how much its layers share fewer edges than those of
    physics: the criterion of `kong` is asked, too.
    """
    ours = reflected(answer.light, answer.gains) / answer.peak
    fully = reflected(answer.light, answer.whole) / answer.peak
    theirs = reflected(answer.light, found) / answer.peak
    attenuated = np.hypot(answer.light[1], answer.light[2]) / answer.peak
    parts = [np.abs(theirs - ours), left / answer.peak, np.abs(theirs - fully)]
    logarithms = [np.log10(part + 3e-3) for part in parts]
    excess = np.clip(theirs - attenuated, -0.5, 0.5)
    shared = [shared_edges(answer.light, gains) for gains in (answer.whole, found)]
    rest = [excess, answer.presence, theirs - ours, shared[0] - shared[1], shared[1]]
    return np.stack([*logarithms, *rest]).astype(np.float32)


def shared_edges(light: FloatArray, gains: FloatArray) -> FloatArray:
    """How far the layers share edges around each place, 0..1: the statistic of `kong`, h x w."""
    reflection = reflected(light, gains)
    layers = (light[0] - reflection, reflection)
    slopes = [
        [np.diff(layer, axis=axis, append=layer.take([-1], axis=axis)) for axis in (0, 1)]
        for layer in layers
    ]
    window = _AROUND * light.shape[2]
    shared = sum(np.abs(one * other) for one, other in zip(*slopes, strict=True))
    powers = [near(down * down + right * right, window) for down, right in slopes]
    scale = np.sqrt(powers[0] * powers[1]) + 1e-3 * float(powers[0].mean()) + 1e-12
    return np.asarray(near(np.asarray(shared, np.float32), window) / scale, np.float32)
