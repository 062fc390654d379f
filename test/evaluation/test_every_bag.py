"""Every capability that evaluates bags passes the battery."""

from __future__ import annotations

from pathlib import Path

import pytest
from bag_battery import BagBattery
from bursts import write_shaken_folder
from command_line import status_of
from defocus_scenes import write_defocus_bag
from degraded_images import write_restoration_bag
from drawn_drives import places, write_route_bag
from panes import small_pane
from rooms import write_room
from sweep_stacks import sweep_bag

from ddff_perception.commands.bag import bag_kinds
from ddff_perception.files.polarization_folder import write_polarization


def simulated(command: str, folder: Path, frames: int) -> Path:
    """The bag that `ddff simulate` makes of a folder, beside it."""
    bag = folder.parent / "bag"
    assert status_of("simulate", command, folder, "-o", bag, "--frames", frames) == 0
    return bag


class TestDepthFromFocus(BagBattery):
    capability = "depth_from_focus"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        return sweep_bag(tmp_path_factory.mktemp("sweep") / "bag", sweeps=2)


class TestReflection(BagBattery):
    capability = "reflection"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("pane")
        write_polarization(folder / "pane", small_pane())
        return simulated("polarizer-bag", folder / "pane", frames=4)


class TestSegmentation(BagBattery):
    capability = "segmentation"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        folder = write_room(tmp_path_factory.mktemp("room") / "room")
        return simulated("rgbd-bag", folder, frames=4)


class TestDeblurring(BagBattery):
    capability = "deblurring"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        folder = write_shaken_folder(tmp_path_factory.mktemp("shaken") / "frames")
        return simulated("motion-bag", folder, frames=5)

    def test_it_is_scored_against_the_sharp_images_beside_what_came(self, evaluated):
        scores = evaluated("-p", "capture.sharp_below=0")["scores"]
        made, came = (scores[name]["offline"] for name in ("deblurred", "as it came"))
        assert made["images"] == came["images"] == 5
        assert made["psnr_db"] > came["psnr_db"] + 0.5


class TestDefocus(BagBattery):
    capability = "defocus"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        return write_defocus_bag(tmp_path_factory.mktemp("defocus") / "bag")

    def test_depth_is_scored_against_the_recorded_truth(self, evaluated):
        lens = ("-p", "lens.blur_per_dioptre_px=10", "-p", "side=far")
        found = evaluated(*lens)["against_truth"]
        assert found["images"] == 3
        assert evaluated()["against_truth"] is None


class TestRestoration(BagBattery):
    capability = "restoration"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        return write_restoration_bag(tmp_path_factory.mktemp("restoration") / "bag")

    def test_it_is_scored_against_the_clean_images_beside_what_came(self, evaluated):
        scores = evaluated()["scores"]
        made, came = (scores[name]["offline"] for name in ("restored", "as it came"))
        assert made["images"] == came["images"] == 3
        assert made["psnr_db"] > came["psnr_db"] + 2
        assert scores["restored"]["against live"]["rmse"] == 0


class TestAlignment(BagBattery):
    capability = "alignment"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory):
        folder = tmp_path_factory.mktemp("route")
        return write_route_bag(folder / "bag", places(0.2, 0.8, 24), live=False)


def test_no_capability_is_left_out():
    tested = {battery.capability for battery in BagBattery.__subclasses__()}
    assert set(bag_kinds()) <= tested
