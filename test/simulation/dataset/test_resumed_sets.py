"""A set that goes on is of one kind; what a machine renders with is said here, nothing rendered."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from ddff_perception.files.atomic import write_json
from ddff_perception.simulation.dataset import made_with, making
from ddff_perception.simulation.dataset.files import packed
from ddff_perception.simulation.dataset.making import make_dataset
from ddff_perception.simulation.dataset.render_scene import Job, render_scene
from ddff_perception.simulation.dataset.settings import PRESETS
from ddff_perception.types import InputError

SETTINGS = replace(PRESETS["rooms"], views_per_scene=2)
NEWER = ("generator", "renderer", "denoised")


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine without a renderer: `variant`, `denoiser`, `assets` are what it says it has."""
    has = SimpleNamespace(variant="llvm_ad_rgb", denoiser=True, assets=["chairs 1"], begun=[])
    mitsuba = SimpleNamespace(__version__="3.9", variant=lambda: has.variant)
    library = SimpleNamespace(names=lambda: has.assets)

    def scenes(jobs, workers, scheduler):
        for job in jobs:
            has.begun.append(json.loads((tmp_path / "set" / "dataset.json").read_text()))
            about = {"format": 1, "kind": "plain", "assets": ["a chair"], "denoised": True}
            yield job.number, packed({}, about | {"views": [{}, {}]}), 0.5

    monkeypatch.setattr(made_with, "load_mitsuba", lambda: mitsuba)
    monkeypatch.setattr(made_with, "has_denoiser", lambda: has.denoiser)
    for module in ("making", "render_scene"):
        path = f"ddff_perception.simulation.dataset.{module}.open_library"
        monkeypatch.setattr(path, lambda use, folder: library)
    monkeypatch.setattr(making, "_work", scenes)
    return has


CHANGES = {
    "scalar_rgb renders, not Mitsuba 3.9 llvm_ad_rgb": {"variant": "scalar_rgb"},
    "no longer a denoiser": {"denoiser": False},
    "other assets are fetched": {"assets": ["chairs 2"]},
    "this version draws other scenes": {},
}


@pytest.mark.parametrize("told", CHANGES)
def test_a_set_goes_on_with_what_it_was_begun_with(machine, tmp_path, monkeypatch, told):
    folder = tmp_path / "set"
    assert make_dataset(folder, SETTINGS, 2).views == 2
    assert make_dataset(folder, SETTINGS, 4).views == 2
    for name, value in CHANGES[told].items():
        setattr(machine, name, value)
    if not CHANGES[told]:
        monkeypatch.setattr(made_with, "GENERATOR", made_with.GENERATOR + 1)
    with pytest.raises(InputError, match=told):
        make_dataset(folder, SETTINGS, 6)
    assert make_dataset(folder, SETTINGS, 4).views == 0


def test_a_worker_that_would_render_otherwise_renders_nothing(machine, tmp_path):
    known = made_with.MadeWith(("chairs 1",), made_with.GENERATOR, "Mitsuba 2 scalar_rgb", True)
    with pytest.raises(InputError, match=r"a worker would .* Mitsuba 3.9 llvm_ad_rgb renders"):
        render_scene(Job(SETTINGS, 0, known))


def test_a_set_of_before_is_read_as_it_is_and_does_not_grow(machine, tmp_path):
    folder = tmp_path / "set"
    make_dataset(folder, SETTINGS, 4)
    summary = json.loads((folder / "dataset.json").read_text())
    older = {name: value for name, value in summary.items() if name not in NEWER}
    write_json(folder / "dataset.json", older)
    assert make_dataset(folder, SETTINGS, 4).views == 0
    assert json.loads((folder / "dataset.json").read_text()) == older
    with pytest.raises(InputError, match="did not note what it rendered with"):
        make_dataset(folder, SETTINGS, 6)


def test_assets_of_a_set_are_told_when_it_is_whole(machine, tmp_path):
    make_dataset(tmp_path / "set", SETTINGS, 2)
    assert machine.begun[0]["assets"] is None
    assert json.loads((tmp_path / "set" / "dataset.json").read_text())["assets"] == ["a chair"]


@pytest.mark.parametrize("more", [{"workers": 2}, {"assets": "here"}])
def test_a_cluster_has_workers_and_assets_of_its_own(machine, tmp_path, more):
    with pytest.raises(InputError, match="leave --workers and --assets out"):
        make_dataset(tmp_path / "set", SETTINGS, 2, scheduler="tcp://nowhere:1", **more)
    assert not (tmp_path / "set").exists()
