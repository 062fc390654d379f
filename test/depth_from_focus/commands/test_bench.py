"""`ddff bench`."""

import json

from command_line import ddff


def test_bench_measures_the_sizes_asked_for(capfd):
    arguments = ("bench", "--width", 96, "--height", 64, "--slices", 3, "--repeats", 3)
    (row,) = json.loads(ddff(capfd, *arguments, "--json").output)
    assert (row["width"], row["height"], row["slices"]) == (96, 64, 3)
    assert row["ratio"] > 0
    assert "yardstick" in ddff(capfd, *arguments).output
