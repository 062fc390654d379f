"""Where the weights of the encoder EfficientNet-Lite0 lie that networks begin with."""

from __future__ import annotations

from pathlib import Path

from ...types import InputError
from .cache import AssetCache
from .catalogue import find_asset

ENCODER_ASSET = "efficientnet-lite0"


def imagenet_file() -> Path:
    """The file of the encoder's weights; raises InputError where it is not fetched."""
    asset, cache = find_asset(ENCODER_ASSET), AssetCache()
    if not cache.has(asset):
        raise InputError(
            f"the encoder's ImageNet weights are missing: run `ddff assets fetch {ENCODER_ASSET}`, "
            "or set encoder=none"
        )
    item = next(item for item in asset.items if item.path.endswith(".pth"))
    return cache.path(asset, item)


def encoder_credits() -> list[str]:
    """The keys of all that a network saw which began with these weights."""
    asset = find_asset(ENCODER_ASSET)
    return [asset.key(item) for item in asset.items]
