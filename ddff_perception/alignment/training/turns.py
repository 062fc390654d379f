"""What is told of each turn of finding and learning: its tours, and what descriptors look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...types import ImageArray
from ..data.recordings import Recording
from ..data.triplets import Tours
from ..evaluation.scores import OffsetScores
from ..learned.encoder import MEAN, SCALE
from ..networks.saliency import saliency

SHOWN = 4
_BLUR_PX = 2.0  # strides leave a grid in gradients


def tours_found(tours: Tours, recordings: Sequence[Recording]) -> dict[str, Any]:
    """How many pairs of recordings share a tour, directly or by way of a third, and the share of
    frames in these; of drives whose places are known, how far off they are, and the pairs of two
    routes that were matched all the same.
    """
    found: dict[str, Any] = {"direct": len(tours.direct), "transitive": len(tours.transitive)}
    pairs = {**tours.transitive, **tours.direct}
    if pairs:
        found["frames"] = float(np.mean([np.mean(~np.isnan(rows)) for rows in pairs.values()]))
    known = {n for n, recording in enumerate(recordings) if recording.places is not None}
    scored = {pair: rows for pair, rows in pairs.items() if known.issuperset(pair)}
    times: list[NDArray[np.float64]] = []
    true: list[NDArray[np.float64]] = []
    for (first, second), rows in scored.items():
        a, b = recordings[first], recordings[second]
        if a.route != b.route:
            continue
        assert a.places is not None and b.places is not None
        times.append(np.interp(rows, np.arange(len(a)), a.seconds))
        true.append(np.interp(b.places, a.places, a.seconds, left=np.nan, right=np.nan))
    if scored:
        found["false_pairs"] = len(scored) - len(times)
    if times:
        scores = OffsetScores.of(np.concatenate(times), np.concatenate(true))
        found |= {"within_4": scores.within_4, "within_15": scores.within_15}
    return found


class SaliencyPicture:
    """Some frames, and below each what raises its descriptor most (guided ReLU)."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        shown = [recordings[n % len(recordings)] for n in range(SHOWN)]
        at = [(n + 1) * len(recording) // (SHOWN + 1) for n, recording in enumerate(shown)]
        self._images = torch.from_numpy(
            np.stack([recording.images[n] for recording, n in zip(shown, at, strict=True)])
        ).float()

    def __call__(self, network: nn.Module, batch: dict[str, Tensor]) -> ImageArray:
        """One BGR picture of the network as it is; what the batch holds are no images."""
        device = next(network.parameters()).device
        looked = [
            cv2.GaussianBlur(one, (0, 0), _BLUR_PX)
            for one in saliency(network, self._images.to(device)).cpu().numpy()
        ]
        seen = self._images.numpy().transpose(0, 2, 3, 1)[..., ::-1] / SCALE + MEAN
        above = np.concatenate(list(np.clip(seen, 0, 255).astype(np.uint8)), axis=1)
        shares = [one / max(float(one.max()), 1e-9) for one in looked]
        grey = (255 * np.concatenate(shares, axis=1)).astype(np.uint8)
        below = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), np.uint8)
        return np.concatenate([above, below])
