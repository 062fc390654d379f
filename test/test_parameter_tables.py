import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.parameters import Parameter, ParameterTable
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
