"""The catalogue and the split: what weights learn from and what judges them share nothing."""

import pytest

from ddff_perception.simulation.assets.catalogue import USES, catalogue, find_asset
from ddff_perception.simulation.assets.credits import credits_of, credits_text, known_credits
from ddff_perception.simulation.assets.furniture import furniture_classes
from ddff_perception.simulation.classes import NYU13, NYU40, UNLABELLED, to_13
from ddff_perception.types import InputError


def test_every_asset_has_a_hash_a_licence_and_what_it_unpacks():
    assert len(catalogue()) >= 5
    for asset in catalogue():
        assert len(asset.sha256) == 64 and int(asset.sha256, 16) >= 0
        assert asset.keep and asset.unpacked_mb > 0
        assert all(item.licence for item in asset.items)
    with pytest.raises(InputError, match="there is no asset"):
        find_asset("nothing")


def test_no_asset_is_for_training_and_for_judging():
    uses = {
        use: {key for key, credit in known_credits().items() if credit.use == use} for use in USES
    }
    assert not uses["train"] & uses["judge"]
    assert uses["train"] | uses["judge"] == set(known_credits())
    paths = [(asset.name, item.path) for asset in catalogue() for item in asset.items]
    assert len(paths) == len(set(paths))
    models = [(kind.library, kind.model) for kind in furniture_classes()]
    assert len(models) == len(set(models))


def test_both_sides_have_furniture_light_and_photographs():
    sides = {(item.kind, item.use) for asset in catalogue() for item in asset.items}
    # Of a library of furniture, each model has its use.
    sides |= {("furniture", kind.use) for kind in furniture_classes()}
    for use in USES:
        assert {("furniture", use), ("environment", use), ("photograph", use)} <= sides


def test_variants_of_one_model_are_on_the_same_side():
    sides = {}
    for kind in furniture_classes():
        folder = kind.model.split("/")[-2].lower().rstrip("0123456789")
        sides.setdefault((kind.library, folder), set()).add(kind.use)
    mixed = [key for key, uses in sides.items() if len(uses) > 1]
    assert mixed == []


def test_both_sides_can_furnish_a_room():
    for use in USES:
        groups = {k.group for k in furniture_classes() if k.use == use and k.place != "none"}
        assert {"bed", "chair", "sofa", "table", "desk", "lamp", "prop", "bookshelf"} <= groups


def test_credits_name_creator_and_licence_and_refuse_what_they_do_not_know():
    key = next(kind.key for kind in furniture_classes() if kind.library == "Scopia")
    text = credits_text("my network", [key, "environments/package/hdri/city.exr.js"])
    assert "CC-BY-3.0" in text and "Scopia" in text and "CC0-1.0" in text and "city" in text
    with pytest.raises(InputError, match="does not know"):
        credits_of(["somebody/else.obj"])


def test_forty_classes_fall_into_thirteen():
    import numpy as np

    assert (len(NYU40), len(NYU13)) == (40, 13)
    labels = np.array(
        [NYU40.index(n) for n in ("wall", "door", "desk", "blinds")] + [255, 77], np.uint8
    )
    names = [NYU13[i] if i != UNLABELLED else None for i in to_13(labels)]
    assert names == ["wall", "wall", "table", "window", None, None]
