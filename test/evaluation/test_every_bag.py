"""Every capability that evaluates bags passes the battery."""

from __future__ import annotations

import pytest
from bag_battery import BagBattery
from panes import small_pane
from rooms import write_room
from sweep_stacks import sweep_bag

from ddff_perception.commands.bag import bag_kinds
from ddff_perception.files.polarization_folder import write_polarization


class TestDepthFromFocus(BagBattery):
    capability = "depth_from_focus"

    @pytest.fixture
    def bag(self, tmp_path):
        return sweep_bag(tmp_path / "bag", sweeps=2)


class TestReflection(BagBattery):
    capability = "reflection"

    @pytest.fixture
    def bag(self, tmp_path, accepted):
        write_polarization(tmp_path / "pane", small_pane())
        options = ("-o", tmp_path / "bag", "--frames", 4)
        accepted("simulate", "polarizer-bag", tmp_path / "pane", *options)
        return tmp_path / "bag"


class TestSegmentation(BagBattery):
    capability = "segmentation"

    @pytest.fixture
    def bag(self, tmp_path, accepted):
        folder = write_room(tmp_path / "room")
        accepted("simulate", "rgbd-bag", folder, "-o", tmp_path / "bag", "--frames", 4)
        return tmp_path / "bag"


def test_no_capability_is_left_out():
    tested = {battery.capability for battery in BagBattery.__subclasses__()}
    assert set(bag_kinds()) <= tested
