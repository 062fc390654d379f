from dataclasses import replace

import numpy as np
import pytest

from ddff_perception.files.stack_folder import read_stack
from ddff_perception.simulation.focus_camera import accuracy_set
from ddff_perception.simulation.focus_camera import folder as sweep_folder
from ddff_perception.simulation.focus_camera.accuracy_set import ACCURACY_SET, render_accuracy_set
from ddff_perception.simulation.focus_camera.folder import holds_sweep, write_sweep
from ddff_perception.simulation.focus_camera.sweep import RenderedSweep, SweepSettings, render_sweep
from ddff_perception.simulation.rendering.presets import PRESETS
from ddff_perception.simulation.rendering.scenes import SceneSettings
from ddff_perception.simulation.rendering.sensor import SensorSettings
from ddff_perception.types import InputError

SMALL = SweepSettings(
    scene=SceneSettings(seed=6, texture_px=64),
    width=64,
    height=48,
    slices=3,
    aperture_diameter_m=0.06,
    samples=16,
)


@pytest.fixture(scope="module")
def rendered() -> RenderedSweep:
    pytest.importorskip("mitsuba")
    return render_sweep(SMALL)


def test_focus_distances_are_even_in_dioptres_in_every_order():
    ordered = SMALL.distances()
    np.testing.assert_allclose(1 / ordered, np.linspace(1 / 0.5, 1 / 7.0, 3))
    np.testing.assert_array_equal(replace(SMALL, order="far_to_near").distances(), ordered[::-1])
    shuffled = replace(SMALL, slices=20, order="random").distances()
    assert not np.all(np.diff(shuffled) > 0)
    np.testing.assert_allclose(np.sort(shuffled), replace(SMALL, slices=20).distances())
    listed = replace(SMALL, focus_distances_m=(2.0, 0.6, np.inf))
    assert listed.distances().tolist() == [0.6, 2.0, np.inf]


def test_camera_has_the_field_of_view_and_a_centred_principal_point():
    camera = replace(SMALL, width=480, height=360, horizontal_fov_deg=60.0).camera
    assert camera.fx == camera.fy == pytest.approx(240 / np.tan(np.radians(30)))
    assert (camera.cx, camera.cy) == (239.5, 179.5)
    assert camera.aperture_diameter_m == 0.06


@pytest.mark.parametrize(
    "values",
    [
        {"width": 4},
        {"horizontal_fov_deg": 170.0},
        {"aperture_diameter_m": 0.0},
        {"order": "sideways"},
        {"samples": 0},
        {"slices": 0},
        {"focus_distances_m": (0.5, -1.0)},
        {"near_m": float("nan")},
    ],
)
def test_settings_out_of_range_are_refused(values):
    with pytest.raises(InputError):
        replace(SMALL, **values)


def test_sweep_holds_slices_truth_and_the_rest_in_one_size(rendered):
    stack = rendered.stack
    assert len(stack.slices) == 3 and stack.camera == SMALL.camera
    assert all(item.image.shape == (48, 64, 3) for item in stack.slices)
    stamps = [item.stamp_ns for item in stack.slices]
    assert stamps[0] == 0 and np.all(np.diff(stamps) > 0)
    assert rendered.truth.shape == (48, 64) and rendered.truth.dtype == np.float32
    assert np.isfinite(rendered.truth).all(), "a closed room has depth everywhere"
    assert 0.3 < rendered.truth.min() < 1.2 and 3.0 < rendered.truth.max() < 8.0
    assert rendered.labels.dtype == np.uint8 and rendered.labels.min() > 0
    np.testing.assert_allclose(np.linalg.norm(rendered.normals, axis=-1), 1.0, atol=1e-4)
    assert rendered.magnifications == (1.0, 1.0, 1.0)


def test_pictures_are_well_exposed(rendered):
    grey = rendered.all_in_focus.mean()
    assert 60 < grey < 200
    assert (rendered.all_in_focus == 255).all(axis=-1).mean() < 0.1


def test_near_things_are_sharp_in_the_near_slice_and_far_ones_in_the_far_slice(rendered):
    near, far = rendered.stack.slices[0].image, rendered.stack.slices[-1].image
    sharp = rendered.all_in_focus.astype(float)
    error_near, error_far = (np.abs(image - sharp).mean(axis=-1) for image in (near, far))
    foreground, background = rendered.truth < 0.9, rendered.truth > 3.0
    assert foreground.mean() > 0.05 and background.mean() > 0.2
    assert error_near[foreground].mean() < 0.8 * error_far[foreground].mean()
    assert error_far[background].mean() < 0.8 * error_near[background].mean()


def test_sweep_repeats_with_its_settings(rendered):
    again = render_sweep(SMALL)
    for one, two in zip(rendered.stack.slices, again.stack.slices, strict=True):
        np.testing.assert_array_equal(one.image, two.image)
    np.testing.assert_array_equal(rendered.truth, again.truth)


def test_breathing_magnifies_near_slices_about_the_middle():
    pytest.importorskip("mitsuba")
    # A pinhole-like aperture: what changes between the slices is the magnification alone.
    still = replace(
        SMALL,
        aperture_diameter_m=1e-5,
        focus_distances_m=(0.5, np.inf),
        samples=36,
        sensor=SensorSettings(noise=0.0),
    )
    breathing = render_sweep(replace(still, breathing=0.1))
    assert breathing.magnifications == pytest.approx((1.2, 1.0))
    near, far = (item.image.astype(float).mean(axis=-1) for item in breathing.stack.slices)
    v, u = np.mgrid[:48, :64]
    source_u = np.rint((u - 31.5) / 1.2 + 31.5).astype(int)
    source_v = np.rint((v - 23.5) / 1.2 + 23.5).astype(int)
    enlarged = far[source_v, source_u]
    assert np.abs(enlarged - near).mean() < 0.5 * np.abs(far - near).mean()


def test_folder_can_be_read_back_and_knows_its_settings(rendered, tmp_path):
    settings = replace(SMALL, focus_distances_m=(0.5, np.inf))
    write_sweep(tmp_path / "stack", settings, rendered, geometry=True)
    folder = read_stack(tmp_path / "stack")
    np.testing.assert_array_equal(folder.stack.slices[1].image, rendered.stack.slices[1].image)
    np.testing.assert_array_equal(folder.truth, rendered.truth)
    assert folder.stack.camera == SMALL.camera
    for name in ("labels.png", "objects.png", "normals.npy", "aif.png"):
        assert (tmp_path / "stack" / name).is_file()
    assert holds_sweep(tmp_path / "stack", settings)
    assert not holds_sweep(tmp_path / "stack", replace(settings, samples=17))
    (tmp_path / "stack" / "depth.npy").unlink()
    assert not holds_sweep(tmp_path / "stack", settings)


def test_accuracy_set_is_half_plain_and_shares_no_seed():
    assert len(ACCURACY_SET) >= 8
    plain = [item.scene.plain_walls for item in ACCURACY_SET.values()]
    assert sum(plain) * 2 == len(plain)
    seeds = [item.scene.seed for item in ACCURACY_SET.values()]
    assert len(set(seeds)) == len(seeds)
    assert not set(seeds) & {item.scene.seed for item in PRESETS.values()}


def test_accuracy_set_renders_only_what_is_missing(rendered, tmp_path, monkeypatch):
    sets = {"one": SMALL, "two": replace(SMALL, samples=9)}
    rendered_with = []

    def instead(settings, progress):
        rendered_with.append(settings)
        progress(4, 4)
        return rendered

    monkeypatch.setattr(accuracy_set, "ACCURACY_SET", sets)
    monkeypatch.setattr(sweep_folder, "render_sweep", instead)
    seen = []
    folders = render_accuracy_set(tmp_path, lambda *state: seen.append(state))
    assert folders == [tmp_path / "one", tmp_path / "two"]
    assert rendered_with == list(sets.values())
    assert seen == [("one", 4, 4), ("two", 4, 4)]
    (tmp_path / "two" / "stack.json").unlink()
    assert render_accuracy_set(tmp_path) == folders
    assert rendered_with == [*sets.values(), sets["two"]]
