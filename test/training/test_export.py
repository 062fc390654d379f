"""What a card says of the training; the training command without anybody's folders."""

from ddff_perception.training.export import learned_from, training_command

RECORD = {"network": "pspnet", "preset": "light", "overrides": ["minutes=5"]}


def test_settings_and_data_are_in_the_command():
    told = training_command("depth_from_focus", RECORD | {"data": ["mine/a", "mine/b"]})
    assert told == (
        "ddff train depth_from_focus --network pspnet --preset light --data DATA --data DATA "
        "--set minutes=5 -o OUT"
    )


def test_weights_to_begin_with_are_told_as_far_as_they_are_known():
    start = {"start": "mine/weights.safetensors"}
    first = {"first_command": "ddff train x -o OUT"}
    assert "--start WEIGHTS -" in training_command("x", RECORD | start)
    assert "--start surface -" in training_command("x", RECORD | {"start": "surface"})
    both = training_command("x", RECORD | start | first)
    assert both.startswith("ddff train x -o FIRST && ddff train x --network pspnet")
    assert both.endswith("--start FIRST/weights.safetensors --set minutes=5 -o OUT")


def test_a_card_says_what_was_learned_from_as_far_as_it_is_known():
    assert learned_from({"training_data": "9 stacks", "data_source": "rooms"}, "x") == (
        "9 stacks, rooms"
    )
    assert learned_from({"training_data": "9 stacks"}, "blurred views") == "9 stacks, blurred views"
    assert learned_from({}, "") == "not recorded"
