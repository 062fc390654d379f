"""Descriptors learn from recordings without labels."""

import csv
import json

import numpy as np
import pytest
import torch
from command_line import status_of
from drawn_drives import drive, places, write_images
from drawn_worlds import drawn_world
from routes import DescribedRoute, warped_places

from ddff_perception.alignment.data import appearance
from ddff_perception.alignment.data.appearance import changed_appearance, warped
from ddff_perception.alignment.data.drawn import speed_profile
from ddff_perception.alignment.data.recordings import Recording, read_recordings
from ddff_perception.alignment.data.triplets import Sampler, Tours, TripletSettings, find_tours
from ddff_perception.alignment.learned.encoder import network_input
from ddff_perception.alignment.methods import METHODS
from ddff_perception.alignment.training.turns import tours_found
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.files.images import read_image
from ddff_perception.types import InputError


@pytest.fixture(scope="module")
def described():
    """Three drives along one route and one along another; seconds of each."""
    route, other = DescribedRoute(1), DescribedRoute(2)
    drives = [route.frames(warped_places(10, 290, 200), seed=n) for n in range(3)]
    drives.append(other.frames(warped_places(10, 290, 200), seed=3))
    return drives, [np.arange(200) / 3] * 4


def test_tours_are_found_between_drives_of_one_route_and_by_way_of_a_third(described):
    found = find_tours(*described)
    pairs = {(a, b) for a in range(3) for b in range(3) if a != b}
    assert set(found.direct) == pairs and set(found.transitive) <= pairs
    assert found.transitive
    for rows in (*found.direct.values(), *found.transitive.values()):
        offset = np.abs(rows - np.arange(len(rows)))
        assert np.nanmedian(offset) <= 2 and np.isnan(rows).mean() < 0.5


def test_a_turn_tells_how_many_tours_it_began_with_and_how_far_off_they_are(described):
    drives, seconds = described
    none = np.zeros((200, 0), np.float16)
    at = [warped_places(10, 290, 200)] * 4
    recordings = [
        Recording(none, seconds[n], route="one" if n < 3 else "other", places=at[n])
        for n in range(4)
    ]
    found = tours_found(find_tours(drives, seconds), recordings)
    assert found["direct"] == 6 and found["transitive"] > 0 and found["false_pairs"] == 0
    assert found["frames"] > 0.5 and 0.3 < found["within_4"] <= found["within_15"]
    wrong = Tours({(0, 3): np.arange(200.0), (1, 0): np.arange(200.0) + 30})
    told = tours_found(wrong, recordings)
    assert told["false_pairs"] == 1 and told["within_15"] < 0.05
    unknown = [Recording(none, clock) for clock in seconds]
    assert tours_found(wrong, unknown) == {"direct": 2, "transitive": 0, "frames": 1.0}
    assert tours_found(Tours(), recordings) == {"direct": 0, "transitive": 0}


def test_without_tours_a_positive_is_a_neighbour_and_a_negative_far(described):
    torch.manual_seed(0)
    drives, seconds = described
    sampler = Sampler(seconds, drives, Tours(), TripletSettings(0.5, 3.0, 0.5))
    for _ in range(100):
        anchor, positive, negative = sampler.draw()
        assert anchor[0] == positive[0] == negative[0]
        assert abs(anchor[1] - positive[1]) <= 1.5
        assert abs(negative[1] - positive[1]) >= 9


def test_with_tours_a_positive_is_another_drives_frame_of_the_place(described):
    torch.manual_seed(0)
    drives, seconds = described
    sampler = Sampler(seconds, drives, find_tours(drives, seconds), TripletSettings())
    drawn = [sampler.draw() for _ in range(200)]
    assert all(a[0] != p[0] and 3 not in (a[0], p[0]) for a, p, _ in drawn)
    assert np.mean([abs(a[1] - p[1]) <= 4 for a, p, _ in drawn]) > 0.95
    foreign = [n for _, _, n in drawn if n[0] == 3]
    assert 0.3 < len(foreign) / 200 < 0.7


def test_hard_negatives_are_those_that_look_like_the_anchor(described):
    drives, seconds = described

    def likeness(hard):
        torch.manual_seed(0)
        sampler = Sampler(seconds, drives, Tours(), TripletSettings(hard=hard))
        drawn = [sampler.draw() for _ in range(60)]
        return np.mean([drives[a[0]][a[1]] @ drives[n[0]][n[1]] for a, _, n in drawn])

    assert likeness(1.0) > likeness(0.0) + 0.1


def test_other_light_keeps_the_place_and_the_same_seed_gives_the_same():
    images = torch.from_numpy(np.stack([network_input(i) for i in drive()[::10]]))
    made = [changed_appearance(images, torch.Generator().manual_seed(3)) for _ in range(2)]
    torch.testing.assert_close(*made)
    assert made[0].shape == images.shape and made[0].abs().max() <= 1.001
    flat = [m.flatten(1) - m.flatten(1).mean(dim=1, keepdim=True) for m in (images, made[0])]
    alike = torch.nn.functional.normalize(flat[0]) @ torch.nn.functional.normalize(flat[1]).T
    assert alike.diag().mean() > 0.4 > alike[0, 1:].mean()


def test_a_little_elsewhere_is_the_same_place_and_the_same_seed_gives_the_same(monkeypatch):
    images = torch.from_numpy(np.stack([network_input(i) for i in drive()[::10]])).float()
    made = [warped(images, torch.Generator().manual_seed(3)) for _ in range(2)]
    torch.testing.assert_close(*made)
    assert made[0].shape == images.shape and made[0].abs().max() <= 1.001
    assert (made[0] - images).abs().mean() > 0.02
    for name in ("_ZOOM", "_TURN_RAD", "_SHIFT", "_TILT"):
        monkeypatch.setattr(appearance, name, 0.0)
    torch.testing.assert_close(warped(images, torch.Generator()), images, atol=1e-4, rtol=0)


def test_views_of_a_rendered_world_are_places_by_themselves(tmp_path):
    drawn_world(tmp_path / "world", views=4)
    found = read_recordings([tmp_path / "world"], 10.0, 3000)
    assert [one.images.shape for one in found] == [(8, 3, 128, 160)]
    assert np.diff(found[0].seconds).min() > 100 and found[0].assets == ("a chair", "a lamp")
    assert len(read_recordings([tmp_path / "world"], 0.0, 8)[0]) == 8
    drawn_world(tmp_path / "kept", views=4, use="judge")
    with pytest.raises(InputError, match="kept to judge by"):
        read_recordings([tmp_path / "kept"], 10.0, 3000)
    drawn_world(tmp_path / "few", views=2)
    with pytest.raises(InputError, match="holds 2 views: 4 are needed"):
        read_recordings([tmp_path / "few"], 10.0, 3000)


def test_a_drives_speed_changes_and_goes_from_end_to_end():
    found = speed_profile(80, seed=3)
    steps = np.diff(found)
    assert found[0] == 0.0 and found[-1] == pytest.approx(1.0)
    assert (steps > 0).all() and steps.max() / steps.min() > 2.5


def test_the_smoke_preset_learns_and_is_exported_with_its_card(tmp_path):
    run, wanted = tmp_path / "run", ("--network", "route_encoder", "--preset", "smoke")
    assert status_of("train", "alignment", *wanted, "-o", run) == 0
    with (run / "train.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    # The margin, 0.5, is where all frames look alike.
    assert np.mean(losses[-3:]) < 0.8 * losses[0] and max(losses[-3:]) < 0.45
    weights = run / "weights.safetensors"
    assert status_of("export", "alignment", weights, "-o", tmp_path / "onnx") == 0
    card = find_model(tmp_path / "onnx" / "route_encoder.onnx").card
    assert card.data == "drives along drawn walls" and card.outputs[0].shape[1] == 32


def test_the_papers_network_learns_by_the_same_turns_and_describes_frames(tmp_path):
    run, wanted = tmp_path / "run", ("--network", "resnet50", "--preset", "smoke")
    few = [word for name in ("steps=4", "batch=4", "log_every=1") for word in ("--set", name)]
    assert status_of("train", "alignment", *wanted, *few, "-o", run) == 0
    with (run / "train.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert min(losses[1:]) < losses[0]
    weights = run / "weights.safetensors"
    assert status_of("export", "alignment", weights, "-o", tmp_path / "onnx") == 0
    method = METHODS.create("encoder", {"model": str(tmp_path / "onnx" / "resnet50.onnx")})
    found = method(drive()[0])
    method.close()
    assert found.shape == (32,) and np.linalg.norm(found) == pytest.approx(1.0, abs=1e-4)


def test_a_second_turn_learns_from_tours_that_the_first_one_finds(tmp_path):
    folders = [
        write_images(tmp_path / f"{seed}_{day}", drive(seed, places(0, 1, 40), 1.0 - 0.2 * day))
        for seed in (0, 1)
        for day in (0, 1)
    ]
    wanted = ("--network", "route_encoder", "--preset", "smoke", "--set", "steps=2")
    data = [word for folder in folders for word in ("--data", folder)]
    assert status_of("train", "alignment", *wanted, *data, "-o", tmp_path / "0") == 0
    first = tmp_path / "0" / "weights.safetensors"
    turn = ("--start", first, "--set", "iteration=2", "--set", f"tours_by={first}")
    shown = ("--set", "picture_every=2")
    assert status_of("train", "alignment", *wanted, *data, *turn, *shown, "-o", tmp_path / "1") == 0
    tours = json.loads((tmp_path / "1" / "weights.json").read_text())["tours"]
    assert set(tours) >= {"direct", "transitive"} and "within_4" not in tours
    # Frames of the recordings above what raises their descriptors' largest number.
    assert read_image(tmp_path / "1" / "pictures" / "step_0000002.png").shape == (256, 640, 3)
