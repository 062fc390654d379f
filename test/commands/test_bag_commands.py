import json
from pathlib import Path

import numpy as np
import pytest
import typer
from sweep_stacks import SLICES, sweep_bag, wall
from sweeps import write_wall
from typer.testing import CliRunner

from ddff_perception.commands import bag as bag_command
from ddff_perception.commands.play import play, ros_arguments
from ddff_perception.commands.simulate_bag import bag as simulate_bag
from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import MessageFactory, depth_of, image_of, stamp_of
from ddff_perception.files.bags_types import IMAGE
from ddff_perception.types import InputError

simulate_app, play_app = typer.Typer(), typer.Typer()
simulate_app.command()(simulate_bag)
play_app.command()(play)


def run(app: typer.Typer, *arguments: object) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def evaluate(*arguments: object) -> str:
    return run(bag_command.app, "eval", *arguments)


def test_eval_prints_errors_gaps_and_drops(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag", sweeps=3, moving_frames=1)
    printed = evaluate(path)
    for words in ("offline vs truth", "best constant", "/camera/image_rect", "images moving"):
        assert words in printed


def test_eval_as_json_is_the_same_on_every_run(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag", sweeps=2)
    one, two = (json.loads(evaluate(path, "--json")) for _ in range(2))
    assert one.pop("timings_ms").keys() == two.pop("timings_ms").keys()
    assert one == two
    assert one["slices"] == SLICES
    scores = one["against_truth"]["scores"]["covered"]["dioptres"]
    assert 0.0 < scores["mae"] < 0.1


def test_eval_leaves_depth_pictures_cloud_and_report(tmp_path: Path) -> None:
    path, output = sweep_bag(tmp_path / "bag", sweeps=2), tmp_path / "out"
    evaluate(path, "-o", output)
    _, truth = wall()
    depth = np.load(output / "depth.npy")
    assert np.median(np.abs(1.0 / depth - 1.0 / truth)) < 0.05
    assert (output / "cloud.ply").read_bytes().startswith(b"ply")
    assert json.loads((output / "summary.json").read_text())["bag"] == str(path)
    page = (output / "report.html").read_text()
    for words in ("offline vs truth", "last depth", "/camera/image_rect", "data:image"):
        assert words in page


def test_eval_takes_parameters_of_estimator_and_capture(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag", sweeps=2)
    arguments = ("--method", "yardstick", "-p", "max_slices=3", "--json")
    assert json.loads(evaluate(path, *arguments))["slices"] == 3
    with pytest.raises(InputError, match="no_such"):
        evaluate(path, "-p", "no_such=1")
    with pytest.raises(InputError, match="no topic /left"):
        evaluate(path, "--image", "/left")


@pytest.mark.parametrize("kind", ["truncated", "empty", "foreign", "missing"])
def test_bags_that_hold_no_sweep_end_with_one_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bag.mcap"
    if kind == "truncated":
        whole = next(sweep_bag(tmp_path / "whole").glob("*.mcap")).read_bytes()
        path.write_bytes(whole[:100])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "foreign":
        with BagWriter(tmp_path / "other") as other:
            other.add_topic("/image_rect", IMAGE)
            messages = MessageFactory(other.store, "camera")
            other.write("/image_rect", 5, messages.image(5, np.zeros((8, 8), np.uint8)))
        path = tmp_path / "other"
    for arguments in (("eval", path), ("eval", path, "--json"), ("info", path)):
        if kind == "foreign" and arguments[0] == "info":
            continue
        with pytest.raises(InputError) as caught:
            run(bag_command.app, *arguments)
        assert str(caught.value).count("\n") == 0


def test_a_cut_bag_says_how_much_was_read(tmp_path: Path) -> None:
    (file,) = sweep_bag(tmp_path / "bag", sweeps=20).glob("*.mcap")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    printed = evaluate(file)
    assert "damaged" in printed
    with BagReader(file) as reader:
        assert f"{reader.message_count} messages" in printed
    assert "damaged" in run(bag_command.app, "info", file)


def test_results_go_nowhere_if_the_folder_cannot_be_made(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="folder"):
        evaluate(path, "-o", tmp_path / "file" / "out")


def test_info_lists_topics_with_rates_and_gaps(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag", "sqlite3", sweeps=10, rate_hz=20.0, drop=0.2)
    content = json.loads(run(bag_command.app, "info", path, "--json"))
    assert content["storage"] == "sqlite3"
    image = content["topics"]["/camera/image_rect"]
    assert image["type"] == IMAGE
    assert image["gaps"]["period_s"] == pytest.approx(0.05)
    assert image["gaps"]["missing"] > 0
    printed = run(bag_command.app, "info", path)
    assert "20.00" in printed
    assert "ddff_perception/msg" in printed


def test_a_simulated_bag_holds_what_the_camera_would_publish(tmp_path: Path) -> None:
    folder = write_wall(tmp_path / "stack", count=SLICES)
    path = tmp_path / "bag"
    printed = run(simulate_app, folder, "-o", path, "--sweeps", 2, "--rate", 5, "--order", "down")
    assert "40 messages" in printed
    stack, truth = wall()
    with BagReader(path) as bag:
        assert {topic.count for topic in bag.topics.values()} == {2 * SLICES}
        states = [m.message for m in bag.messages(["/camera/focus_state"])]
        images = [m.message for m in bag.messages(["/camera/image_rect"])]
        depths = [m.message for m in bag.messages(["/camera/truth/depth"])]
    expected = [s.focus_distance_m for s in reversed(stack.slices)] * 2
    assert [state.focus_distance for state in states] == expected
    assert [s.lens_position for s in states] == [1.0 / d for d in expected]
    assert np.diff([stamp_of(i) for i in images]).tolist() == [200_000_000] * (2 * SLICES - 1)
    assert [stamp_of(i) for i in images] == [stamp_of(s) for s in states]
    np.testing.assert_array_equal(image_of(images[0]), stack.slices[-1].image)
    np.testing.assert_array_equal(depth_of(depths[3]), truth)


def test_simulation_options_out_of_range_are_refused(tmp_path: Path) -> None:
    folder = write_wall(tmp_path / "stack", count=SLICES)
    for options in (("--sweeps", 0), ("--rate", 0), ("--drop", 1), ("--order", "sideways")):
        with pytest.raises(InputError):
            run(simulate_app, folder, "-o", tmp_path / "bag", *options)
    with pytest.raises(InputError, match="storage"):
        run(simulate_app, folder, "-o", tmp_path / "bag", "--storage", "rosbag1")
    with pytest.raises(InputError, match=r"stack\.json"):
        run(simulate_app, tmp_path, "-o", tmp_path / "bag")
    assert not (tmp_path / "bag").exists()


def test_play_refuses_what_is_neither_stack_nor_bag(tmp_path: Path) -> None:
    for path, words in ((tmp_path, r"stack\.json"), (tmp_path / "nothing", "no")):
        with pytest.raises(InputError, match=words):
            run(play_app, path)
    (tmp_path / "bag.mcap").write_bytes(b"")
    with pytest.raises(InputError, match="not a readable"):
        run(play_app, tmp_path / "bag.mcap")


def test_parameters_reach_a_node_as_they_are() -> None:
    values: dict[str, object] = {
        "text": 'a "b": {c} \\ #d',
        "yes": True,
        "rate": 2.0,
        "list": ["x", "1"],
    }
    arguments = ros_arguments(values, "/cam/")
    import yaml

    given = dict(a.split(":=", 1) for a in arguments if ":=" in a)
    assert yaml.safe_load(given["text"]) == values["text"]
    assert yaml.safe_load(given["yes"]) is True
    assert yaml.safe_load(given["rate"]) == 2.0
    assert yaml.safe_load(given["list"]) == ["x", "1"]
    assert given["__ns"] == "/cam"
