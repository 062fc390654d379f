"""Whoever has a shipped network has the names of those whose work it learned from."""

import json

from ddff_perception.engines.model_zoo import WEIGHTS
from ddff_perception.simulation.assets.credits import credits_of, credits_text

CREDITS = ".credits.md"


def shipped():
    """Names of shipped cards and records, with the assets that each lists."""
    contents = {path.stem: json.loads(path.read_text()) for path in WEIGHTS.glob("*.json")}
    return {name: content["assets"] for name, content in contents.items() if content.get("assets")}


def test_credits_name_everything_that_a_shipped_network_learned_from():
    networks = [path.name.removesuffix(CREDITS) for path in WEIGHTS.glob(f"*{CREDITS}")]
    assert len(shipped()) >= 3
    credited = set()
    for name, assets in shipped().items():
        (network,) = [network for network in networks if name.startswith(network)]
        text = (WEIGHTS / f"{network}{CREDITS}").read_text(encoding="utf-8")
        assert text == credits_text(network, assets), f"`ddff assets credits` writes {network} anew"
        for credit in credits_of(assets):
            assert f"- {credit.title}, by {credit.creators}" in text
            assert f"## {credit.licence}\n" in text
        credited.add(network)
    assert credited == set(networks)


def test_everything_that_a_shipped_network_learned_from_is_for_training():
    for name, assets in shipped().items():
        assert {credit.use for credit in credits_of(assets)} == {"train"}, name
