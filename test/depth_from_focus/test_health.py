import pytest

from ddff_perception.depth_from_focus.health import complaints


@pytest.mark.parametrize(
    ("counter", "name", "words"),
    [
        ("dropped_waiting_for_focus", "no focus_state", "focus_sweeper"),
        ("focus_invalid", "focus_state", "lens_table"),
        ("held_back", "motion", "alignment"),
    ],
)
def test_what_grew_since_the_last_look_is_complained_of(
    counter: str, name: str, words: str
) -> None:
    (complaint,) = complaints({counter: 3}, {counter: 2}, 0.0, 10.0)
    assert complaint.name == name and words in complaint.text
    assert complaints({counter: 3}, {counter: 3}, 0.0, 10.0) == []
    assert len(complaints({counter: 1}, {}, 0.0, 10.0)) == 1


def test_a_lens_may_rest_up_to_a_limit() -> None:
    assert complaints({}, {}, 10.0, 10.0) == []
    (complaint,) = complaints({}, {}, 12.4, 10.0)
    assert complaint.name == "lens at rest" and "12 s" in complaint.text
    assert complaints({}, {}, 1e6, 0.0) == []
