import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.optics.lens_table import LensTable, parse_lens_table, read_lens_table
from ddff_perception.types import InputError

EXAMPLE = Path(__file__).parents[2] / "config" / "lens_example.yaml"


def rows(*triples):
    keys = ("position", "focus_distance_m", "magnification")
    return {"unit": "steps", "rows": [dict(zip(keys, row, strict=False)) for row in triples]}


@pytest.fixture
def table():
    return parse_lens_table(rows((0, math.inf, 1.0), (100, 1.0, 1.01), (200, 0.25, 1.03)))


def test_rows_are_hit_exactly_and_the_ends_hold_beyond(table):
    assert table.focus_distance_m(0) == math.inf
    assert table.focus_distance_m(100) == pytest.approx(1.0)
    assert table.focus_distance_m(-50) == math.inf
    assert table.focus_distance_m(999) == pytest.approx(0.25)
    assert float(table.magnification(999)) == pytest.approx(1.03)
    assert (table.near_m, table.far_m) == (pytest.approx(0.25), math.inf)


def test_interpolation_is_monotone_and_in_dioptres(table):
    values = table.dioptres_at(np.linspace(0, 200, 401))
    assert (np.diff(values) > 0).all()
    linear = parse_lens_table(rows((0, math.inf), (100, 2.0), (200, 1.0)))
    assert linear.focus_distance_m(50) == pytest.approx(4.0)


@given(
    st.lists(st.floats(0.01, 5.0), min_size=2, max_size=8),
    st.lists(st.floats(1.0, 300.0), min_size=8, max_size=8),
    st.booleans(),
    st.floats(0.0, 1.0),
)
def test_position_inverts_focus_distance(steps_dpt, steps, falling, share):
    dioptres = np.cumsum(steps_dpt) - steps_dpt[0]
    positions = np.cumsum(steps)[: len(dioptres)]
    order = -1 if falling else 1
    table = LensTable(positions, dioptres[::order], np.ones(len(dioptres)))
    position = positions[0] + share * (positions[-1] - positions[0])
    again = table.position(table.focus_distance_m(position))
    assert table.dioptres_at(again) == pytest.approx(table.dioptres_at(position), abs=1e-8)


def test_magnification_by_distance_is_the_one_of_its_position(table):
    assert table.magnification_at_distance(1.0) == pytest.approx(1.01)
    assert table.magnification_at_distance(0.01) == pytest.approx(1.03)
    assert table.magnification_at_distance(math.nan) == 1.0


def test_rows_may_come_in_any_order():
    table = parse_lens_table(rows((200, 0.25), (0, math.inf), (100, 1.0)))
    assert table.positions.tolist() == [0, 100, 200]
    assert table.dioptres.tolist() == [0, 1, 4]


def test_a_saved_table_reads_back(tmp_path, table):
    path = tmp_path / "lens.yaml"
    table.save(path, "made by hand\nsecond line")
    assert path.read_text().startswith("# made by hand\n# second line\n")
    again = read_lens_table(path)
    assert again.unit == "steps"
    np.testing.assert_allclose(again.dioptres, table.dioptres, rtol=1e-8)
    np.testing.assert_allclose(again.magnifications, table.magnifications)


def test_the_example_is_a_table_from_infinity_to_20_cm():
    table = read_lens_table(EXAMPLE)
    assert (table.far_m, table.near_m) == (math.inf, pytest.approx(0.2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "mapping"),
        ({}, "list `rows`"),
        ({"rows": []}, "two rows"),
        (rows((0, 1.0)), "two rows"),
        ({**rows((0, 1.0), (1, 2.0)), "colour": "red"}, "unknown keys: colour"),
        ({"rows": [{"position": 0, "focus": 1}]}, "unknown keys: focus"),
        ({"rows": [3, 4]}, "row 1"),
        (rows((0, 1.0), (1, math.nan)), "focus_distance_m in row 2"),
        (rows((0, 1.0), (1, "far")), "focus_distance_m in row 2"),
        (rows((0, 1.0), (True, 2.0)), "position in row 2"),
        (rows((0, 1.0), (1, 0.0)), "positive"),
        (rows((0, 1.0), (1, -2.0)), "positive"),
        (rows((0, 1.0), (0, 2.0)), "no two of them equal"),
        (rows((0, 1.0), (math.inf, 2.0)), "finite"),
        (rows((0, 1.0), (1, 2.0), (2, 1.5)), "positions 1 and 2"),
        (rows((0, 1.0), (1, 1.0)), "rise or fall"),
        (rows((0, 1.0, 1.0), (1, 2.0, 0.0)), "magnifications"),
        ({**rows((0, 1.0), (1, 2.0)), "unit": "parsecs"}, "unit"),
        ({**rows((0, 1.0), (1, 2.0)), "unit": 3}, "unit"),
    ],
)
def test_tables_that_describe_no_lens_are_refused(content, message):
    with pytest.raises(InputError, match=message):
        parse_lens_table(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"rows: [", "not YAML"),
        (b"\xff\xfe\x00", "not YAML"),
        (b"!!python/object/apply:os.system ['true']", "not YAML"),
        (b"rows: 3", "list `rows`"),
    ],
)
def test_files_that_are_no_lens_table_are_named(tmp_path, content, message):
    path = tmp_path / "lens.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_lens_table(path)
    assert str(path) in str(caught.value)


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*lens\.yaml"):
        read_lens_table(tmp_path / "lens.yaml")
