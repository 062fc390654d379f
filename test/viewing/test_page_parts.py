"""Parts of the page that need no browser: words, charts, readings, typed values."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ddff_perception.evaluation.reports.blocks import ColorScale
from ddff_perception.parameters import Parameter
from ddff_perception.types import InputError
from ddff_perception.viewing import words
from ddff_perception.viewing.charts import History
from ddff_perception.viewing.page import own_statuses
from ddff_perception.viewing.parameter_panel import given_value, hint, shown_value
from ddff_perception.viewing.readings import READERS, said, stages
from ddff_perception.viewing.source import Arrivals, Status

EVIL = "<script>alert(1)</script>"


def test_what_messages_say_never_becomes_part_of_the_page() -> None:
    scale = ColorScale(["#000000", EVIL], [(0.0, EVIL)])
    texts = (
        words.caption(EVIL, scale=scale),
        words.problem(EVIL),
        words.diagnostics(2, EVIL, EVIL, {EVIL: EVIL}),
    )
    for text in texts:
        assert "<script" not in text and "&lt;script&gt;" in text


def test_a_flood_of_diagnostics_is_cut() -> None:
    text = words.diagnostics(9, "x" * 9999, "y" * 9999, {str(n): "z" * 9999 for n in range(999)})
    assert len(text) < 80_000


def test_history_begins_anew_where_time_goes_back_or_a_name_is_new() -> None:
    history = History()
    assert history.add(1.0, {"a": 1.0}) and history.add(2.0, {"a": math.nan, "b": 3.0})
    assert history.names == ("a", "b")
    assert history.add(3.0, {"b": 4.0})
    times, a, b = history.columns()
    assert list(times) == [-1.0, 0.0] and list(a) == [1.0, 1.0] and list(b) == [3.0, 4.0]
    assert not history.add(3.0, {"b": 5.0}) and not history.add(4.0, {})
    assert history.add(0.5, {"b": 6.0})
    assert len(history.columns()[0]) == 1


def test_history_keeps_the_newest() -> None:
    history = History()
    for second in range(5000):
        history.add(float(second), {"a": 0.0})
    assert len(history.columns()[0]) < 1000
    assert np.isfinite(history.columns()).all()


def focus(distance: float, position: float = math.nan, unit: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        focus_distance=distance, lens_position=position, lens_position_unit=unit, settled=True
    )


@pytest.mark.parametrize(
    ("message", "numbers", "words_said"),
    [
        (focus(0.5), {"focus [dioptres]": 2.0}, "focused at 0.5 m, at rest"),
        (focus(math.inf), {"focus [dioptres]": 0.0}, "focused at ∞, at rest"),
        (focus(math.nan, 80.0, 1), {"lens position [steps]": 80.0}, "at an unknown distance"),
        (focus(-1.0), {}, "focused at -1 m"),
        (focus(math.nan, 1.0, 250), {"lens position [V]": 1.0}, "at an unknown distance"),
    ],
)
def test_the_lens_is_read_in_dioptres(message, numbers, words_said: str) -> None:
    kind = "ddff_perception/msg/FocusState"
    assert READERS[kind](message) == numbers
    assert said(kind, message).startswith(words_said)


def test_a_filters_angle_is_read_in_degrees() -> None:
    message = SimpleNamespace(name=["filter", "other"], position=[math.pi])
    assert READERS["sensor_msgs/msg/JointState"](message) == {"filter [°]": pytest.approx(180.0)}


def test_stages_are_the_times_among_the_values() -> None:
    values = {"solve median [ms]": "3.5", "odd median [ms]": "?", "depth median [ms]": "nan"}
    assert stages({**values, "outputs": "7"}) == {"solve": 3.5}


def test_the_statuses_of_the_nodes_that_one_looks_at_come_alone() -> None:
    names = ("/bag_recorder: stream", "/demo/sim_camera: stream", "/demo/depth_from_focus: stream")
    found = [Status(0, name, "", {}) for name in names]
    own = own_statuses(found, ("depth_from_focus", "sim_camera"))
    assert [status.name for status in own] == [names[2], names[1]]
    assert own_statuses(found, ("/demo/sim_camera",)) == [found[1]]
    assert len(own_statuses(found, ("absent",))) == 3


def test_of_a_million_statuses_the_newest_are_kept() -> None:
    arrivals = Arrivals(lambda: 0.0)
    for number in range(1000):
        status = SimpleNamespace(level=b"\x01", name=str(number), message="", values=[])
        arrivals.add_statuses(SimpleNamespace(status=[status]))
    assert len(arrivals.statuses()) <= 200
    assert arrivals.statuses()[-1].level == 1


NUMBER = Parameter("a.x", 0.5, "some number", minimum=0.0, maximum=1.0)


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (NUMBER, "7", 7.0),
        (NUMBER, "inf", math.inf),
        (Parameter("n", 3, ""), "8", 8),
        (Parameter("t", "abc", ""), "3", "3"),
        (Parameter("l", [1.0, 2.0], ""), "0.5, 2,", [0.5, 2.0]),
        (Parameter("l", ["a"], ""), "x, y", ["x", "y"]),
    ],
)
def test_what_is_typed_becomes_the_parameters_type(parameter, text: str, value) -> None:
    given = given_value(parameter, text)
    assert given == value and type(given) is type(value)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [(NUMBER, "much"), (Parameter("n", 3, ""), "3.5"), (Parameter("l", [1.0], ""), "1, x")],
)
def test_what_is_typed_in_another_type_is_refused(parameter, text: str) -> None:
    with pytest.raises(InputError, match=f"^{parameter.name} must be "):
        given_value(parameter, text)


def test_a_hint_says_what_how_far_and_whether() -> None:
    assert hint(NUMBER) == "some number; 0 .. 1"
    fixed = Parameter("q", 3, "rows", minimum=1, dynamic=False)
    assert hint(fixed) == "rows; 1 .. inf; read-only while the node runs"
    assert shown_value(Parameter("l", [1.0, 0.25], "")) == "1, 0.25"
    assert shown_value(Parameter("b", True, "")) is True
