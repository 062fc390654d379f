"""Edges' blur brought to every pixel as a posterior over inverse distance, or over discs.

What an edge says of the disc d is a likelihood, Cauchy's about what edges of that disc measure, as
wide as measurements of its contrast scatter: textures are soft, lines thin, and the tails long.
Cells take the mean of their edges' log likelihoods, and along what looks alike that of the edges
around (`propagation.py`); the fewer reach them, the less they count against the prior. That is what
scenes have, renewed by how the image's own cells lie (an empirical Bayes prior: Efron,
"Large-scale inference", 2010, chapter 1). A cell's answer is the posterior's median, the least
expected error; where the side is not known it weighs both.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ...types import FloatArray
from .edge_blur import EdgeBlur
from .propagation import Cells

# Discs in px at which likelihoods are taken.
_NODES = np.array([0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.3, 5.2, 6.2, 7.5, 9, 11, 13.5, 17, 22, 30])
# What edges of a disc d measure: what is in focus is soft, and the shoulders of broad blur are
# taken for narrower edges. Measured on rendered scenes through lenses.
_SOFT_PX, _SHARE = 1.6, 0.85
# Edges look blurred more than they are by oftener and farther than less.
_SOFTER = 1.6
_STATES, _ROUNDS = 48, 8
# The prior of scenes: inverse distances are log-normal about `usual`; so much of it stays when the
# image's own cells renew it.
_USUAL_SPREAD, _KEPT = 0.7, 0.5
# Edges that reach a cell with this weight count half.
_HALF = 0.01
# Cells err alike, where textures are soft all over: what is off is so many times wider.
_SHARED = 1.7
# A lens that so many cells contradict, by so much of the log likelihood, is not believed.
_CONTRADICTED, _BY = 0.25, 1.0


@dataclass(frozen=True, slots=True)
class States:
    """What a cell may be at: `defocus`: (K,) px with their sign, in one direction; `prior`: (K,),
    sum 1.
    """

    defocus: NDArray[np.float64]
    prior: NDArray[np.float64]


def lens_states(
    blur_scale: float, focus_dioptres: float, side: str, usual_dioptres: float
) -> States:
    """Of a known lens, over the inverse distances that `side` admits."""
    high = max(focus_dioptres + _NODES[-1] / blur_scale, 1.05 * focus_dioptres)
    low, high = {
        "far": (0.0, max(focus_dioptres, 1e-3)),
        "near": (focus_dioptres, high),
        "both": (0.0, high),
    }[side]
    # With a lens that is focused amid the scene its distance says where that is.
    usual = usual_dioptres
    if side == "both":
        usual = float(np.sqrt(usual * max(focus_dioptres, 0.25 * usual)))
    # Fine steps where scenes are.
    ends = np.linspace(low / (low + usual), high / (high + usual), _STATES + 1)
    middle = 0.5 * (ends[1:] + ends[:-1])
    dioptres = usual * middle / (1.0 - middle)
    away = np.log(np.maximum(dioptres, 1e-6) / usual) / _USUAL_SPREAD
    density = np.exp(-0.5 * np.square(away)) * np.square(dioptres + usual) / dioptres
    density += 1e-3 * density.max()
    return States((focus_dioptres - dioptres) * blur_scale, density / density.sum())


def disc_states() -> States:
    """Of a lens that is not known: discs alone, small ones oftener."""
    ends = _NODES[-1] * np.square(np.linspace(0.0, 1.0, _STATES + 1))
    discs, widths = 0.5 * (ends[1:] + ends[:-1]), np.diff(ends)
    prior = widths * np.exp(-discs / 6.0)
    return States(discs, prior / prior.sum())


@dataclass(frozen=True, slots=True)
class BlurPosterior:
    """H x W float32 each: `defocus` in px, `spread` of its size, and `behind`, the probability that
    it is not before the plane in focus.
    """

    defocus: FloatArray
    spread: FloatArray
    behind: FloatArray


def blur_posterior(
    edges: EdgeBlur, guide: FloatArray, states: States, strength: float
) -> BlurPosterior:
    """The posterior of every pixel of `guide` (H x W, 0..1); `strength`: how many independent
    edges' worth those of a cell count.
    """
    cells = Cells(guide)
    evidence = _evidence(edges, cells, strength)
    if _contradicted(evidence, states):
        states = disc_states()
    size = np.abs(states.defocus)
    likelihood = _at(evidence, size)
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    weight = likelihood * _renewed(likelihood, states.prior)
    weight /= weight.sum(axis=1, keepdims=True)
    middle = _median(weight, states.defocus)
    spread = _SHARED * (weight * np.abs(size - np.abs(middle)[:, None])).sum(axis=1)
    behind = weight[:, states.defocus >= 0].sum(axis=1)
    grown = [cells.grown(np.asarray(v, np.float32)) for v in (middle, spread, behind)]
    return BlurPosterior(grown[0], grown[1], np.clip(grown[2], 0.0, 1.0))


def _evidence(edges: EdgeBlur, cells: Cells, strength: float) -> NDArray[np.float64]:
    """Log likelihoods of every cell at `_NODES`, cells x nodes."""
    expected = np.hypot(_SOFT_PX, _SHARE * _NODES)
    away = (edges.disc_px[:, None] - expected) / edges.spread_px[:, None]
    away *= np.where(away > 0, 1.0 / _SOFTER, 1.0)
    place = cells.place(edges.rows, edges.columns)
    shape = (cells.count, len(place))
    gather = sparse.csr_matrix((np.ones(len(place)), (place, np.arange(len(place)))), shape)
    count = np.bincount(place, minlength=cells.count)
    mean = (gather @ -np.log1p(np.square(away))) / np.maximum(count, 1)[:, None]
    # An edge that runs through a cell crosses it in as many pixels as the cell is wide.
    certain = np.minimum(count / cells.side, 1.0)
    spread = cells.spread(np.column_stack([mean * certain[:, None], certain]))
    reach = np.maximum(spread[:, -1:], 1e-12)
    return np.asarray(spread[:, :-1] * (strength / (reach + _HALF)))


def _contradicted(evidence: NDArray[np.float64], states: States) -> bool:
    """Whether many cells are blurred more than any state is."""
    beyond = np.abs(states.defocus).max() + 1.0 < _NODES
    if not beyond.any() or states.defocus.min() < -1.0:
        return False
    more = evidence[:, beyond].max(axis=1) - evidence[:, ~beyond].max(axis=1)
    return float((more > _BY).mean()) > _CONTRADICTED


def _at(evidence: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """`evidence` between its nodes: cells x states."""
    size = np.clip(size, 0.0, _NODES[-1])
    first = np.clip(np.searchsorted(_NODES, size, "right") - 1, 0, len(_NODES) - 2)
    share = (size - _NODES[first]) / (_NODES[first + 1] - _NODES[first])
    return np.asarray(evidence[:, first] * (1.0 - share) + evidence[:, first + 1] * share)


def _renewed(likelihood: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """The prior as the image's own cells have it, by expectation and maximisation; a share of it is
    kept.
    """
    own = prior
    for _ in range(_ROUNDS):
        weight = likelihood * own
        share = (weight / weight.sum(axis=1, keepdims=True)).mean(axis=0)
        own = _KEPT * prior + (1.0 - _KEPT) * share
        smooth = cv2.GaussianBlur(own[None], (0, 0), 1.5, borderType=cv2.BORDER_REFLECT)
        own = smooth[0] / smooth.sum()
    return np.asarray(own)


def _median(weight: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The value that half of each row's weight lies under, between those of the states."""
    total = np.cumsum(weight, axis=1)
    number = np.argmax(total >= 0.5, axis=1)
    rows = np.arange(len(weight))
    own = weight[rows, number]
    share = (0.5 - (total[rows, number] - own)) / np.maximum(own, 1e-12)
    ends = np.concatenate([values[:1], 0.5 * (values[1:] + values[:-1]), values[-1:]])
    return np.asarray(ends[number] + share * (ends[number + 1] - ends[number]))
