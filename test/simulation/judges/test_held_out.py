"""What judges are made of: nothing that anything learns from, and nothing that draws training."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from ddff_perception.files.atomic import write_json
from ddff_perception.simulation.assets.catalogue import catalogue
from ddff_perception.simulation.assets.furniture import FurnitureSize, furniture_classes
from ddff_perception.simulation.assets.library import Library, Offer, Picture
from ddff_perception.simulation.assets.models import Model, ModelPart
from ddff_perception.simulation.judges.catalogue import FAMILIES, JUDGES
from ddff_perception.simulation.judges.forms import slab
from ddff_perception.simulation.judges.patterns import PATTERNS
from ddff_perception.simulation.judges.sets import require_held_out
from ddff_perception.simulation.judges.stage import Stage
from ddff_perception.types import InputError

PACKAGE = Path(__file__).resolve().parents[3] / "ddff_perception"
ROOM = PACKAGE / "simulation" / "judges"
# What makes scenes and surfaces for training, by module below the package.
TRAINING = (
    "simulation.world",
    "simulation.dataset",
    "simulation.focus_camera",
    "simulation.rendering.scenes",
    "simulation.rendering.scene_builder",
    "simulation.rendering.scene_types",
    "optics.textures",
    "depth_from_focus",
)
ALLOWED = "simulation.world.types"


class EveryAsset(Library):
    """The whole side to judge, with boxes for models and grey for photographs."""

    def __init__(self):
        self.use = "judge"
        items = [(a, i) for a in catalogue() for i in a.items if i.use == "judge"]
        pictures = {
            kind: [Picture(a.key(i), Path(i.path), i.outdoors) for a, i in items if i.kind == kind]
            for kind in ("photograph", "environment")
        }
        self.photographs, self.environments = pictures["photograph"], pictures["environment"]
        self.offers = {}
        for kind in furniture_classes():
            if kind.use == "judge" and kind.place != "none":
                offer = Offer(kind, FurnitureSize((0.5, 0.4, 0.6), 0.0, np.eye(3)), Path())
                self.offers.setdefault(kind.group, []).append(offer)

    def model(self, offer):
        box = slab([-0.25, -0.2, 0], [0.25, 0.2, 0.6])
        part = ModelPart(
            box.vertices.astype(np.float32), box.faces.astype(np.int32), None, None,
            (0.5, 0.4, 0.3), 1.0, 0.0, None,
        )  # fmt: skip
        return Model((part,), (0.5, 0.4, 0.6), 0.6)

    def photograph(self, picture):
        return np.full((8, 8, 3), 0.5, np.float32)

    def environment(self, picture):
        return picture.path


@pytest.fixture(scope="module")
def worlds():
    library, found = EveryAsset(), {}
    for judge in JUDGES:
        stage = Stage(library, judge.name)
        judge.compose(stage)
        found[judge.name] = stage.world()
    return found


def uses():
    """The use of every asset there is, by its key."""
    models = {kind.key: kind.use for kind in furniture_classes()}
    return models | {a.key(i): i.use for a in catalogue() for i in a.items if i.use is not None}


def test_every_asset_of_every_judge_is_held_out(worlds):
    use = uses()
    for name, world in worlds.items():
        assert world.assets, name
        assert {use[key] for key in world.assets} == {"judge"}, name


def test_judges_are_many_and_of_each_family(worlds):
    assert len(worlds) == len(JUDGES)  # no two have one name
    counts = {family: sum(j.family == family for j in JUDGES) for family in FAMILIES}
    assert min(counts.values()) >= 4 and sum(counts.values()) == len(JUDGES)


def test_scenes_are_well_formed_and_the_same_each_time(worlds):
    library = EveryAsset()
    for judge in JUDGES[::3]:
        stage = Stage(library, judge.name)
        judge.compose(stage)
        pieces = [
            [p for t in w.things for p in t.pieces] for w in (stage.world(), worlds[judge.name])
        ]
        for again, first in zip(*pieces, strict=True):
            assert np.array_equal(again.mesh.vertices, first.mesh.vertices)
            assert np.isfinite(first.mesh.vertices).all() and np.isfinite(first.mesh.uv).all()
            assert first.mesh.faces.max() < len(first.mesh.vertices) == len(first.mesh.uv)
            if first.surface.picture is not None:
                assert 0 < first.surface.picture.min() <= first.surface.picture.max() < 1


def test_no_judge_is_drawn_by_what_draws_training():
    for file in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ImportFrom) or node.level < 2:
                continue
            above = {2: "simulation.", 3: ""}[node.level]
            modules = [
                f"{above}{node.module}",
                *(f"{above}{node.module}.{a.name}" for a in node.names),
            ]
            for module in modules:
                taken = [t for t in TRAINING if module == t or module.startswith(t + ".")]
                assert not taken or module.startswith(ALLOWED), f"{file.name} imports {module}"


def test_a_library_to_train_is_refused(tmp_path):
    with pytest.raises(InputError, match="held-out"):
        Stage(Library("train", tmp_path), "cafe")


def test_fewer_photographs_than_there_are_make_no_other_scene():
    library = EveryAsset()
    library.photographs = library.photographs[:-1]
    with pytest.raises(InputError, match="needs all assets"):
        Stage(library, "cafe").photograph(0)


def test_missing_assets_are_told(tmp_path):
    stage = Stage(Library("judge", tmp_path), "cafe")
    for ask in (
        lambda: stage.model("teapot", (0, 0, 0)),
        lambda: stage.photograph(0),
        lambda: stage.light("venice", 0),
    ):
        with pytest.raises(InputError, match="ddff assets fetch"):
            ask()


def test_a_training_index_with_an_asset_of_a_judge_is_refused(worlds, tmp_path):
    judged = {key for world in worlds.values() for key in world.assets}
    trained = [key for key, use in uses().items() if use == "train"]
    good = tmp_path / "good.json"
    write_json(good, {"assets": trained})
    require_held_out(judged, [good])
    bad = tmp_path / "set"
    bad.mkdir()
    write_json(bad / "dataset.json", {"assets": [*trained, min(judged)]})
    with pytest.raises(InputError, match="learned from"):
        require_held_out(judged, [good, bad])


def test_no_shipped_weights_learned_from_an_asset_of_a_judge(worlds):
    judged = {key for world in worlds.values() for key in world.assets}
    for card in (PACKAGE / "weights").glob("*.json"):
        assert not judged & set(json.loads(card.read_text(encoding="utf-8")).get("assets") or ())


@pytest.mark.parametrize("kind", PATTERNS)
def test_patterns_have_something_to_focus_on(kind):
    picture = PATTERNS[kind](np.random.default_rng(3))
    assert picture.dtype == np.float32 and picture.shape[2] == 3
    assert picture.min() > 0 and picture.max() < 1 and picture.std() > 0.02
