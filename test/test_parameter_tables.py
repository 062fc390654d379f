import math
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.parameters import Parameter, ParameterTable, Settings, parameter
from ddff_perception.types import InputError

TABLE = ParameterTable(
    [
        Parameter("flag", True, "whether it is"),
        Parameter("count", 3, "how many", minimum=1, maximum=10),
        Parameter("length", 0.5, "how long", unit="m", minimum=0.0, maximum=2.0),
        Parameter("kind", "near", "which one", choices=("near", "far")),
        Parameter("name", "", "what it is called"),
        Parameter("distances", [1.0], "where", unit="m", minimum=0.1),
        Parameter("topics", ["image"], "which topics"),
    ]
)


def test_a_table_completes_what_is_given_with_its_defaults():
    values = TABLE.complete({"count": 7, "length": 1})
    assert values == {
        "flag": True, "count": 7, "length": 1.0, "kind": "near", "name": "", "distances": [1.0],
        "topics": ["image"],
    }  # fmt: skip
    assert isinstance(values["length"], float)
    assert TABLE.complete() == {p.name: p.default for p in TABLE}


def test_a_completed_list_is_not_the_default_itself():
    values = TABLE.complete()
    values["distances"].append(99.0)
    assert TABLE["distances"].default == [1.0]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("count", 0, "count must lie in 1 .. 10, not 0"),
        ("count", 11, "count must lie in 1 .. 10, not 11"),
        ("count", 2.5, "count must be int, not 2.5"),
        ("count", True, "count must be int, not True"),
        ("count", "3", "count must be int, not '3'"),
        ("length", 2.1, "length must lie in 0 .. 2 m, not 2.1"),
        ("length", math.nan, "length must be a number, not NaN"),
        ("length", math.inf, "length must lie in 0 .. 2 m, not inf"),
        ("flag", 1, "flag must be bool, not 1"),
        ("kind", "middle", "kind must be one of near, far, not 'middle'"),
        ("name", None, "name must be str, not None"),
        ("distances", 1.0, "distances must be a list"),
        ("distances", [1.0, 0.0], "distances must lie in 0.1 .. inf m, not 0"),
        ("distances", ["a"], "distances must be a list of numbers, not 'a'"),
        ("distances", [True], "distances must be a list of numbers, not True"),
        ("topics", [1.0], "topics must be a list of texts, not 1.0"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_in_words(name, value, words):
    with pytest.raises(InputError) as caught:
        TABLE.complete({name: value})
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("flag=false", False),
        ("flag=TRUE", True),
        ("flag=1", True),
        ("count=4", 4),
        ("length=1.5e0", 1.5),
        (" length = 2 ", 2.0),
        ("kind=far", "far"),
        ("name=a=b", "a=b"),
        ("name=", ""),
        ("distances=0.3,0.5,inf", [0.3, 0.5, math.inf]),
        ("distances=", []),
        ("topics=image,depth", ["image", "depth"]),
    ],
)
def test_assignments_are_read_in_the_type_of_the_parameter(text, value):
    (read,) = TABLE.parse([text]).values()
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("count", "'count' is not name=value"),
        ("=3", "there is no parameter ''"),
        ("size=3", "there is no parameter 'size'; there are: count, distances, flag, kind, "),
        ("count=three", "count must be int, not 'three'"),
        ("count=3.5", "count must be int, not '3.5'"),
        ("count=0", "count must lie in 1 .. 10"),
        ("flag=perhaps", "flag must be bool, not 'perhaps'"),
        ("length=", "length must be float, not ''"),
        ("length=nan", "length must be a number, not NaN"),
        ("distances=1,x", "distances must be list, not '1,x'"),
        ("kind=FAR", "kind must be one of near, far"),
    ],
)
def test_assignments_that_do_not_fit_are_refused_in_words(text, words):
    with pytest.raises(InputError) as caught:
        TABLE.parse([text])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_last_of_two_assignments_counts():
    assert TABLE.parse(["count=1", "count=2"]) == {"count": 2}


def test_tables_are_joined_and_prefixed():
    more = ParameterTable([Parameter("speed", 1.0, "how fast")])
    joined = TABLE + more.prefixed("lens")
    assert [p.name for p in joined][-1] == "lens.speed"
    assert "speed" not in joined
    assert joined["lens.speed"].description == "how fast"
    with pytest.raises(ValueError, match="declared twice"):
        more + more


@pytest.mark.parametrize(
    "parameter",
    [
        Parameter("count", 3, "how many", minimum=4),
        Parameter("kind", "other", "which", choices=("near", "far")),
        Parameter("list", [0.0], "where", minimum=1.0),
    ],
)
def test_a_default_out_of_its_own_range_is_found_when_the_table_is_made(parameter):
    with pytest.raises(InputError):
        ParameterTable([parameter])


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.lists(st.one_of(st.floats(), st.text(max_size=3), st.booleans(), st.none()), max_size=3),
)  # fmt: skip


@given(st.sampled_from([p.name for p in TABLE]), anything)
def test_any_value_is_taken_in_the_right_type_or_refused_in_one_sentence(name, value):
    default = TABLE[name].default
    try:
        taken = TABLE[name].check(value)
    except InputError as error:
        assert "\n" not in str(error).replace(repr(value), "")
        return
    assert type(taken) is type(default)
    if isinstance(taken, list):
        assert all(type(item) is type(default[0]) for item in taken)


@given(st.lists(st.text(max_size=12), max_size=3))
def test_any_command_line_is_taken_or_refused(texts):
    try:
        values = TABLE.parse(texts)
    except InputError:
        return
    assert set(values) <= {p.name for p in TABLE}


@dataclass(frozen=True)
class Window(Settings):
    radius: int = parameter(4, "reach", "px", (0, 64))
    sigma: float = parameter(1.5, "width", limits=(0.0, None))
    kind: str = parameter("box", "which", choices=("box", "gaussian"))
    weights: list[float] = parameter([], "of the taps", limits=(0.0, 1.0), dynamic=False)


@dataclass(frozen=True)
class Odd(Settings):
    size: int = parameter(3, "side", "px", (1, 9))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size % 2 == 0:
            raise InputError(f"size must be odd, not {self.size}")


def test_the_fields_of_settings_are_the_table():
    assert list(Window.table()) == [
        Parameter("radius", 4, "reach", "px", 0, 64),
        Parameter("sigma", 1.5, "width", minimum=0.0),
        Parameter("kind", "box", "which", choices=("box", "gaussian")),
        Parameter("weights", [], "of the taps", "", 0.0, 1.0, dynamic=False),
    ]
    assert Window().values() == Window.table().complete()


def test_settings_are_typed_and_checked_however_they_are_made():
    made = Window.from_values({"radius": 7, "sigma": 2, "weights": [1, 0.5]})
    assert made == Window(7, 2.0, "box", [1.0, 0.5])
    assert isinstance(made.sigma, float)
    assert replace(made, radius=9).radius == 9
    for make in (
        lambda: Window(radius=65),
        lambda: replace(made, kind="round"),
        lambda: Window.from_values({"sigma": -1.0}),
        lambda: Window.of({"w.weights": [2.0]}, "w"),
        lambda: Odd(size=4),
        lambda: Odd.from_values({"size": 4}),
    ):
        with pytest.raises(InputError):
            make()
    with pytest.raises(InputError, match="no parameter 'size'; there are: kind, radius"):
        Window.from_values({"size": 3})


def test_defaults_that_are_lists_are_not_shared():
    Window().weights.append(0.5)
    assert Window().weights == [] == Window.table()["weights"].default


def test_settings_take_their_own_of_all_values_of_a_node():
    values = {"window.radius": 3, "radius": 9, "other.radius": 1, "window.magic": 2}
    assert Window.of(values, "window") == Window(3)
    assert Window.of(values) == Window(9)
    assert Window.of({}) == Window()


def test_several_settings_make_one_the_last_base_first():
    @dataclass(frozen=True)
    class Both(Odd, Window):
        extra: bool = parameter(False, "more")

    assert [p.name for p in Both.table()] == [
        *("radius", "sigma", "kind", "weights", "size", "extra"),
    ]
    with pytest.raises(InputError, match="odd"):
        Both(size=2)


def test_an_older_name_stands_for_todays():
    table = ParameterTable(Window.table(), aliases={"reach": "radius"}).prefixed("window")
    assert table.canonical("window.reach") == "window.radius"
    assert table.canonical("reach") == "reach"
    assert "window.reach" not in table
    assert (table + Odd.table()).complete({"window.reach": 5})["window.radius"] == 5
