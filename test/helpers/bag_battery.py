"""The battery that every capability's bag evaluation passes; its tests inherit it.

class TestNegativeBags(BagBattery):
    capability = "negative"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory): ...   # a bag with a few inputs, and what is true
"""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any, ClassVar

import pytest
from command_line import ddff
from folders import names

from ddff_perception.commands.bag import bag_kinds
from ddff_perception.files.bags import BagReader
from ddff_perception.registry import CAPABILITIES
from ddff_perception.ros.describe import parameter_file
from ddff_perception.ros.nodes import node_interface


class BagBattery:
    """Give `capability` and `recorded`, the folder of a bag in MCAP format."""

    capability: ClassVar[str] = ""

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        raise NotImplementedError

    @pytest.fixture
    def bag(self, recorded: Path, tmp_path: Path) -> Path:
        """The test's own copy, which it may spoil."""
        return Path(shutil.copytree(recorded, tmp_path / "bag"))

    @pytest.fixture
    def evaluated(self, accepted, bag):
        """What `ddff bag eval BAG ...` says, without times."""

        def run(*arguments: object) -> dict[str, Any]:
            found = json.loads(accepted("bag", "eval", bag, *arguments, "--json").output)
            del found["timings_ms"]
            return found

        return run

    @property
    def kind(self):
        return bag_kinds()[self.capability]

    def test_by_its_topics_its_name_and_the_nodes_parameter_file_the_numbers_are_the_same(
        self, evaluated, tmp_path
    ):
        found = evaluated()
        assert found["estimates"] > 0
        assert self.kind.default_method in (found["method"], "auto")
        assert_same(evaluated("--capability", self.capability), found)
        file = tmp_path / "robot.yaml"
        file.write_text(parameter_file(node_interface(self.kind.node)))
        assert_same(evaluated("--params-file", file), found)

    def test_results_are_written_and_a_report_shows_them(self, accepted, bag, tmp_path):
        out = tmp_path / "results"
        accepted("bag", "eval", bag, "-o", out)
        assert {"summary.json", "report.html"} <= set(names(out)) <= set(self.kind.files)
        results = {name: c.results.load() for name, c in CAPABILITIES.items() if c.results}
        assert [n for n, kind in results.items() if kind.recognises(out)] == [self.capability]
        accepted("report", out, "-o", tmp_path / "page.html")
        page = (tmp_path / "page.html").read_text()
        assert results[self.capability].title in page and "results" in page

    def test_what_others_wrote_is_not_replaced(self, refused, bag, tmp_path):
        out = tmp_path / "results"
        out.mkdir()
        name = self.kind.files[0]
        (out / name).write_bytes(b"mine")
        assert f"{name} is there already" in refused("bag", "eval", bag, "-o", out)
        assert (out / name).read_bytes() == b"mine"

    def test_a_topic_that_is_not_there_is_named(self, refused, bag):
        with BagReader(bag) as reader:
            part = next(iter(self.kind.find(reader.topics, {}, {})))
        arguments = ("--capability", self.capability, "--topic", f"{part}=/nowhere")
        assert "/nowhere" in refused("bag", "eval", bag, *arguments)
        arguments = ("--capability", self.capability, "--topic", "smell=/nowhere")
        assert "no topic 'smell'" in refused("bag", "eval", bag, *arguments)

    def test_a_bag_that_was_cut_short_is_read_as_far_as_it_goes(self, bag, capfd):
        (file,) = bag.glob("*.mcap")
        file.write_bytes(file.read_bytes()[: file.stat().st_size * 3 // 4])
        outcome = ddff(capfd, "bag", "eval", bag)
        assert outcome.status in (0, 2)
        said = outcome.output + outcome.errors
        assert "damaged" in said and "Traceback" not in said


def assert_same(found: Any, wanted: Any) -> None:
    """Numbers but for the last bits: arrays that begin elsewhere in memory may differ in them."""
    if isinstance(wanted, dict):
        assert found.keys() == wanted.keys()
        for name, value in wanted.items():
            assert_same(found[name], value)
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_same(one, other)
    elif isinstance(wanted, float):
        assert math.isclose(found, wanted, rel_tol=1e-6)
    else:
        assert found == wanted
