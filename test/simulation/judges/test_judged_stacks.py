"""Judges on disk: rendered once, read back as stacks with their truth."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("mitsuba")

from ddff_perception.files.light_fields import read_light_field
from ddff_perception.simulation.assets.record import recorded_assets
from ddff_perception.simulation.judges import sets, shooting
from ddff_perception.simulation.judges.catalogue import Judge
from ddff_perception.simulation.judges.forms import panel
from ddff_perception.simulation.judges.sets import ABOUT, place, prepare, read_judge, ready
from ddff_perception.simulation.rendering.denoise import has_denoiser
from ddff_perception.types import InputError

pytestmark = pytest.mark.skipif(not has_denoiser(), reason="mitsuba-oidn is not installed")


def wall(stage):
    """A patterned wall 1 m away, over all of the view, and nothing that needs an asset."""
    stage.add(panel([-3, 1, -3], [6, 0, 0], [0, 0, 6]), stage.pattern("cells", 0.4))


def judge(family, **changes):
    usual = Judge(
        family, wall, (0, 0, 0), (0, 1, 0), (0.5, 2.0), 3, 0.02, width=64, height=48, samples=24
    )
    return replace(usual, **changes)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judges")
    judges = [judge("odd"), judge("light_fields", aperture_m=0.06)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shooting, "VIEWS_ACROSS", 3)
        return folder, judges, prepare(folder, judges, folder / "no_assets")


def detail(image):
    grey = image.mean(axis=2)
    return float(np.abs(np.diff(grey, axis=1))[:, 8:-8].mean())


def test_both_kinds_come_back_with_exact_truth_and_focus(rendered):
    for path in rendered[2]:
        stored = read_judge(path)
        assert stored.truth == pytest.approx(np.ones((48, 64)), abs=1e-4)
        distances = [item.focus_distance_m for item in stored.stack.slices]
        assert 1 / np.array(distances) == pytest.approx([2.0, 1.25, 0.5], abs=1e-6)
        # 0.8 m is nearest to the wall.
        sharpness = [detail(image) for image in stored.stack.images]
        assert np.argmax(sharpness) == 1
        assert stored.all_in_focus.shape == (48, 64, 3)
        assert recorded_assets(path / ABOUT) == []


def test_what_is_there_is_not_rendered_again_and_other_settings_are(rendered, monkeypatch):
    folder, judges, places = rendered
    asked = []

    def shoot(judge, library, progress):
        asked.append(judge)
        raise InputError("enough")

    monkeypatch.setattr(sets, "shoot", shoot)
    assert prepare(folder, judges) == places and asked == []
    finer = replace(judges[0], samples=3)
    with pytest.raises(InputError, match="enough"):
        prepare(folder, [finer], folder / "no_assets")
    assert asked == [finer] and place(folder, finer) != places[0]
    assert ready(folder, [finer, *judges]) == places


def test_the_light_field_is_one_of_parallel_cameras(rendered):
    field = read_light_field(rendered[2][1]).light_field
    assert field.views.shape == (3, 3, 48, 64, 3)
    # 0.03 m from view to view at 1 m.
    disparity = float(field.calibration.disparity_px(1.0))
    assert disparity == pytest.approx(0.03 * field.calibration.camera.fx)
    first, last = (field.views[1, column].mean(axis=2) for column in (0, 2))
    shifts = range(-8, 9)
    errors = [np.abs(np.roll(last, s, axis=1) - first)[:, 10:-10].mean() for s in shifts]
    assert shifts[int(np.argmin(errors))] == round(2 * disparity)


def test_a_judge_that_is_damaged_is_told(tmp_path):
    (tmp_path / ABOUT).write_text('{"settings": {}}')
    with pytest.raises(InputError, match="delete the folder"):
        read_judge(tmp_path)
