"""Data sets: the same bytes from any workers, resumed, read back and checked."""

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mitsuba")

from ddff_perception.simulation.assets.record import recorded_assets
from ddff_perception.simulation.dataset import making, render_scene
from ddff_perception.simulation.dataset.files import packed, read_about, read_scene_array
from ddff_perception.simulation.dataset.making import make_dataset
from ddff_perception.simulation.dataset.reader import WorldDataset
from ddff_perception.simulation.dataset.settings import PRESETS
from ddff_perception.simulation.dataset.sheet import dataset_sheet, view_tile
from ddff_perception.simulation.rendering.mitsuba_variant import find_llvm
from ddff_perception.simulation.world.cameras import Viewpoint
from ddff_perception.types import InputError

SMALL = replace(
    PRESETS["mixed"],
    shares={"corridor": 1.0, "plain": 1.0},
    width=32,
    height=24,
    samples=2,
    views_per_scene=2,
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    rendered = make_dataset(root / "set", SMALL, 5, assets=root / "none")
    assert rendered.views == 6 and rendered.core_s > 0
    return root / "set"


def contents(folder):
    """All but the book of what was written when."""
    files = [p for p in folder.rglob("*.*") if not p.name.startswith(".")]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_a_view_from_within_a_closed_thing_is_taken_anew():
    class Stage:
        """Of three viewpoints light reaches the last."""

        def __init__(self):
            self.left = [Viewpoint(np.eye(4), 60.0, name) for name in ("box", "crate", "table")]

        def viewpoint(self, look):
            return self.left.pop(0)

    class Renderer:
        def radiance(self, camera, pose, samples, seed):
            lit = 0.0 if stage.left else 1e-3
            return np.full((camera.height, camera.width, 3), lit, np.float32)

    stage = Stage()
    assert render_scene._lit_viewpoint(stage, Renderer()).carrier == "table"


def test_a_view_is_read_as_it_was_rendered(made):
    data = WorldDataset(made)
    assert len(data) == 5 and data.verify() == []
    for number, view in enumerate(data):
        assert view.facts["view"] == number
        assert view.radiance.shape == (1, 24, 32, 3) and view.radiance.max() > 0
        for values in (view.depth, view.classes, view.instances, view.glass, view.mirror):
            assert values.shape == (24, 32)
        there = np.isfinite(view.depth)
        assert there.any() and (view.depth > 0).all()
        length = np.linalg.norm(view.normals, axis=2)
        assert np.allclose(length[there], 1, atol=0.02) and (length[~there] == 0).all()
        assert 0 <= view.albedo.min() <= view.albedo.max() <= 1
        assert view.camera.width == 32 and np.array(view.facts["pose"]).shape == (4, 4)
        if number == 4:
            break


def test_an_interrupted_set_goes_on_and_ends_the_same(made, tmp_path, monkeypatch):
    def stopping(jobs, workers, scheduler):
        yield from list(making.in_this_process(jobs[:1]))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(making, "_work", stopping)
        with pytest.raises(KeyboardInterrupt):
            make_dataset(tmp_path / "set", SMALL, 5, assets=tmp_path / "none")
    with pytest.raises(InputError, match="no complete index"):
        WorldDataset(tmp_path / "set")
    assert make_dataset(tmp_path / "set", SMALL, 5, assets=tmp_path / "none").views == 4
    assert contents(tmp_path / "set") == contents(made)


def test_two_processes_make_the_same_files(made, tmp_path):
    make_dataset(tmp_path / "set", SMALL, 5, workers=2, assets=tmp_path / "none")
    assert contents(tmp_path / "set") == contents(made)


def test_a_dask_cluster_makes_the_same_files_though_a_worker_is_lost(made, tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("DDFF_ASSETS", str(tmp_path / "none"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    ) as cluster:
        lost = []

        def kill_one(done, total):
            if done and not lost:
                lost.append(next(iter(cluster.workers.values())).pid)
                os.kill(lost[0], signal.SIGKILL)

        folder = tmp_path / "set"
        address = cluster.scheduler_address
        make_dataset(folder, SMALL, 5, scheduler=address, progress=kill_one)
    assert lost
    assert contents(folder) == contents(made)


def test_a_folder_of_another_set_or_of_something_else_is_not_touched(made, tmp_path):
    with pytest.raises(InputError, match="other settings"):
        make_dataset(made, replace(SMALL, seed=1), 5, assets=made / "none")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file.txt").write_text("keep")
    with pytest.raises(InputError, match="not empty"):
        make_dataset(tmp_path / "mine", SMALL, 2, assets=tmp_path / "none")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["file.txt"]


def test_damage_is_found_when_read(made, tmp_path):
    folder = tmp_path / "set"
    shutil.copytree(made, folder)
    path = folder / "scenes" / "000000.zip"
    path.write_bytes(path.read_bytes()[:-100])
    assert WorldDataset(folder).verify() == ["scenes/000000.zip has changed"]
    with pytest.raises(InputError, match="damaged"):
        WorldDataset(folder)[0]
    lines = (folder / "index.jsonl").read_text().splitlines()
    held_out = "environments/package/hdri/lab.exr.js"
    row = json.loads(lines[0]) | {"assets": [held_out]}
    (folder / "index.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]))
    assert f"{held_out} is not for train" in WorldDataset(folder).verify()
    row = json.loads(lines[0]) | {"file": "../outside.zip"}
    (folder / "index.jsonl").write_text("\n".join([json.dumps(row), *lines[1:]]))
    with pytest.raises(InputError, match="damaged at line 1"):
        WorldDataset(folder)


def test_files_of_one_content_have_one_form_and_hold_no_objects(tmp_path):
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.zeros(3, np.float16)}
    content = packed(arrays, {"format": 1, "x": 2})
    assert content == packed(arrays, {"x": 2, "format": 1})
    path = tmp_path / "scene.zip"
    path.write_bytes(content)
    assert read_about(path)["x"] == 2
    assert np.array_equal(read_scene_array(path, "a"), arrays["a"])
    with pytest.raises(InputError, match="holds no"):
        read_scene_array(path, "c")
    with pytest.raises(ValueError, match="Object arrays"):
        packed({"o": np.array([{}], object)}, {})


def test_frames_of_a_moving_camera_and_slices_through_a_lens_are_kept(tmp_path):
    settings = replace(
        SMALL, shares={"corridor": 1.0}, views_per_scene=1, frames=3, span_s=0.5, moving=0.5
    )
    settings = replace(settings, focus_slices=2, aperture_m=0.02)
    make_dataset(tmp_path / "set", settings, 1, assets=tmp_path / "none")
    view = WorldDataset(tmp_path / "set")[0]
    assert view.radiance.shape == (3, 24, 32, 3)
    assert view.slices is not None and view.slices.shape == (2, 24, 32, 3)
    assert view.camera.aperture_diameter_m == 0.02
    assert len(view.facts["focus_distances_m"]) == 2 and view.facts["times_s"][1] == 0
    poses = np.array(view.facts["poses"])
    assert np.allclose(poses[1], view.facts["pose"]) and not np.allclose(poses[0], poses[2])
    assert np.abs(view.radiance[0] - view.radiance[2]).mean() > 0


@pytest.mark.skipif(find_llvm() is None, reason="there is no libLLVM of 16 or later")
def test_polarization_and_the_layers_of_a_pane_are_kept(tmp_path):
    settings = replace(
        SMALL, shares={"plain": 1.0}, views_per_scene=2, polarized=True, panes=0.5, wet=1.0, seed=3
    )
    make_dataset(tmp_path / "set", settings, 2, assets=tmp_path / "none")
    views = list(map(WorldDataset(tmp_path / "set").__getitem__, range(2)))
    assert [view.facts["pane"] is None for view in views] == [False, True]
    for view in views:
        light = view.polarized
        assert light is not None and light.stokes.shape == (24, 32, 3)
        s0, s1, s2 = np.moveaxis(light.stokes, 2, 0)
        assert s0.max() > 0 and (np.hypot(s1, s2) <= 1.01 * s0 + 1e-3).all()
        np.testing.assert_allclose(light.transmission + light.reflection, s0, rtol=2e-3, atol=1e-4)
        assert light.reflection[~view.glass].max(initial=0) < 0.5 * s0.max()
        assert (light.incidence_deg[~view.glass] == 0).all()
        brightness = view.radiance[0] @ [0.2126, 0.7152, 0.0722]
        assert s0.mean() == pytest.approx(float(brightness.mean()), rel=0.25)
    with_pane = views[0].polarized
    assert views[0].glass.mean() > 0.2 and with_pane is not None and with_pane.reflection.max() > 0
    assert not views[1].glass.any()
    with pytest.raises(InputError, match="single frames"):
        replace(settings, polarized=False)


def test_a_sheet_spreads_over_all_of_the_set(made):
    views = WorldDataset(made)
    tiles = np.hsplit(dataset_sheet(views, 2), 4)
    np.testing.assert_array_equal(tiles[0], view_tile(views[0]))
    np.testing.assert_array_equal(tiles[1], view_tile(views[len(views) - 1]))


def test_the_sheet_and_the_record_of_assets(made, tmp_path):
    sheet = dataset_sheet(WorldDataset(made), 5)
    assert sheet.dtype == np.uint8 and sheet.shape[1] == 4 * 3 * 160
    assert recorded_assets(made) == []
    (tmp_path / "card.json").write_text('{"name": "x"}')
    with pytest.raises(InputError, match="records no assets"):
        recorded_assets(tmp_path / "card.json")


def test_settings_that_cannot_be_are_refused():
    for wrong in ({"width": 4}, {"use": "both"}, {"shares": {"castle": 1.0}}, {"frames": 0}):
        with pytest.raises(InputError):
            replace(SMALL, **wrong)
    with pytest.raises(InputError, match="aperture"):
        replace(SMALL, focus_slices=3)
    with pytest.raises(InputError, match="the middle one has the truth"):
        replace(SMALL, frames=8, span_s=1.0)


@pytest.mark.parametrize("preset", ["rooms", "video", "motion"])
def test_the_middle_frame_is_of_the_moment_of_the_truth(preset):
    settings = PRESETS[preset]
    times = render_scene._times(settings)
    assert len(times) == settings.frames and times[len(times) // 2] == 0
    assert np.ptp(times) == pytest.approx(settings.span_s)
    np.testing.assert_allclose(np.diff(times, 2), 0, atol=1e-12)
