"""A bag as a file of Rerun."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from viewed_bags import TOPICS, viewed_bag

from ddff_perception.files.bags import BagReader
from ddff_perception.types import InputError
from ddff_perception.viewing.rerun_file import write_rrd


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return viewed_bag(tmp_path_factory.mktemp("rerun") / "bag")


def test_without_the_sdk_the_command_says_how_to_install_it(
    bag: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    said = refused("view", bag, "--rrd", tmp_path / "out.rrd")
    assert "pip install rerun-sdk" in said


def test_live_topics_are_no_recording(tmp_path: Path, refused: Callable[..., str]) -> None:
    assert "give the bag" in refused("view", "--rrd", tmp_path / "out.rrd")


def test_what_can_be_shown_lies_on_the_timeline(bag: Path, tmp_path: Path) -> None:
    chunk = pytest.importorskip("rerun.chunk")
    file = tmp_path / "out.rrd"
    assert write_rrd(bag, file) == []
    rows: dict[str, int] = {}
    for part in chunk.RrdReader(file).stream():
        if not part.is_static and not part.entity_path.startswith("/__"):
            assert "receipt" in part.timeline_names
            rows[part.entity_path] = rows.get(part.entity_path, 0) + part.num_rows
    focus = "/demo/focus_state/focus\\ \\[dioptres\\]"
    assert set(rows) == (set(TOPICS) - {"/demo/focus_state"}) | {focus}
    with BagReader(bag) as reader:
        assert sum(rows.values()) == sum(topic.count for topic in reader.topics.values())


def test_a_file_is_never_overwritten(bag: Path, tmp_path: Path) -> None:
    pytest.importorskip("rerun")
    (tmp_path / "mine.rrd").write_text("mine")
    with pytest.raises(InputError, match="is there already"):
        write_rrd(bag, tmp_path / "mine.rrd")
    assert (tmp_path / "mine.rrd").read_text() == "mine"
