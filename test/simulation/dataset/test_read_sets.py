"""A damaged set ends with one sentence, whatever is damaged."""

import json

import numpy as np
import pytest
from drawn_worlds import drawn_world

from ddff_perception.simulation.dataset.files import packed, read_about, read_scene_array
from ddff_perception.simulation.dataset.reader import WorldDataset
from ddff_perception.types import InputError


@pytest.fixture
def world(tmp_path):
    drawn_world(tmp_path / "world")
    assert len(WorldDataset(tmp_path / "world")) == 2
    return tmp_path / "world"


def test_an_index_that_was_cut_is_not_complete(world):
    lines = (world / "index.jsonl").read_text().splitlines()
    (world / "index.jsonl").write_text(lines[0] + "\n")
    with pytest.raises(InputError, match="no complete index"):
        WorldDataset(world)


@pytest.mark.parametrize(
    "change",
    [
        {"focal_px": None},
        {"focal_px": -1.0},
        {"in_file": "0"},
        {"kind": None},
        {"assets": "a chair"},
        {"file": "scenes/../../x.zip"},
        [],
    ],
)
def test_a_line_of_the_index_that_lacks_what_is_read_is_named(world, change):
    lines = (world / "index.jsonl").read_text().splitlines()
    wrong = json.loads(lines[1]) | change if isinstance(change, dict) else change
    (world / "index.jsonl").write_text(f"{lines[0]}\n{json.dumps(wrong)}\n")
    with pytest.raises(InputError, match="damaged at line 2"):
        WorldDataset(world)


@pytest.mark.parametrize("mask", [0xFF, 0x01])
def test_no_flipped_bit_of_a_scene_ends_with_a_traceback(tmp_path, mask):
    values = np.arange(8, dtype=np.int16)
    content, path = packed({"a": values}, {"format": 1, "kind": "plain"}), tmp_path / "scene.zip"
    found = 0
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :])
        try:
            assert read_about(path)["kind"] == "plain"
            np.testing.assert_array_equal(read_scene_array(path, "a"), values)
        except InputError:
            found += 1
    assert found > len(content) / 3
