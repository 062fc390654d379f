"""A node's parameters from a file and `--param`, without the node."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from robot_files import node_values

from ddff_perception.registry import nodes
from ddff_perception.ros.describe import parameter_file
from ddff_perception.ros.nodes import node_interface
from ddff_perception.ros.parameter_file import file_values, given_settings, matches
from ddff_perception.types import InputError

DEPTH = node_interface("depth_from_focus")
REFLECTION = node_interface("reflection_separation")


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "robot.yaml"
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize("name", nodes())
def test_each_nodes_own_file_gives_all_its_values(name, written):
    interface = node_interface(name)
    given = file_values(written(parameter_file(interface)), interface)
    assert given == interface.parameters.complete()


@pytest.mark.parametrize(
    "text",
    [
        "/**: {ros__parameters: {tv: {radius: 7}, method: tv}}",
        "depth_from_focus: {ros__parameters: {tv.radius: 7, method: tv}}",
        "/camera/depth_from_focus: {ros__parameters: {tv: {radius: 7}, method: tv}}",
        "/**/depth_from_focus: {ros__parameters: {tv.radius: 7, method: tv}}",
        "camera: {depth_from_focus: {ros__parameters: {tv.radius: 7, method: tv}}}",
        "/**: {ros__parameters: {method: tv}}\n"
        "/a/depth_from_focus: {ros__parameters: {tv.radius: 7}}\n"
        "/a/sim_camera: {ros__parameters: {rate_hz: 3.0}}",
    ],
)
def test_sections_of_the_node_count_nested_and_dotted(text, written):
    assert file_values(written(text), DEPTH) == {"tv.radius": 7, "method": "tv"}


def test_numbers_mean_what_they_mean_to_a_node(written):
    text = "/**: {ros__parameters: {minimum_confidence: 1, capture: {max_age_s: 5}}}"
    given = file_values(written(text), DEPTH)
    assert given == {"minimum_confidence": 1.0, "capture.max_age_s": 5.0}
    assert all(isinstance(value, float) for value in given.values())
    sweeper = node_interface("focus_sweeper")
    text = "/**: {ros__parameters: {sweep: {distances_m: [1, .inf]}}}"
    assert file_values(written(text), sweeper) == {"sweep.distances_m": [1.0, math.inf]}


def test_the_command_line_goes_before_the_file_and_the_file_before_defaults(written):
    path = written("/**: {ros__parameters: {method: tv, tv: {radius: 7, level: 2}}}")
    values = node_values(DEPTH, path, ["tv.radius=3"])
    assert (values["method"], values["tv.radius"], values["tv.level"]) == ("tv", 3, 2)
    assert values["tv.step"] == DEPTH.parameters["tv.step"].default
    assert node_values(DEPTH, path, method="vdff")["method"] == "vdff"
    assert node_values(DEPTH, path, ["method=yardstick"], method="vdff")["method"] == "yardstick"
    assert given_settings(DEPTH, path, []) == {"method": "tv", "tv.radius": 7, "tv.level": 2}


@pytest.mark.parametrize(
    ("assignment", "method", "expected"),
    [
        ("window=7", "yardstick", {"yardstick.window": 7}),
        ("alpha=2", "vdff", {"vdff.alpha": 2.0}),
        ("max_slices=5", None, {"capture.max_slices": 5}),
        ("engine=openvino", "focus_stream", {"engine.backend": "openvino"}),
        ("focus_stream.engine=openvino", "focus_stream", {"engine.backend": "openvino"}),
        ("ddffnet.threads=2", "ddffnet", {"engine.threads": 2}),
        ("cpu_precision=float32", "ddffnet", {"engine.cpu_precision": "float32"}),
    ],
)
def test_old_spellings_mean_what_they_meant_and_a_line_says_todays(
    assignment, method, expected, capfd
):
    given = given_settings(DEPTH, None, [assignment], method=method)
    given.pop("method", None)
    assert given == expected
    (line,) = capfd.readouterr().err.splitlines()
    assert f"write {next(iter(expected))} for {assignment.partition('=')[0]}" in line
    assert given_settings(DEPTH, None, [f"{next(iter(expected))}={assignment.partition('=')[2]}"])
    assert not capfd.readouterr().err


def test_old_spellings_of_reflection(capfd, written):
    given = given_settings(REFLECTION, None, ["plane=upright"], method="schechner")
    assert given == {"method": "schechner", "schechner.plane": "upright"}
    path = written("/**: {ros__parameters: {network: {engine: {device: 1, backend: openvino}}}}")
    assert given_settings(REFLECTION, path) == {"engine.device": 1, "engine.backend": "openvino"}
    assert "write engine.device for network.engine.device" in capfd.readouterr().err


def test_unknown_names_of_a_file_are_told_and_ignored(written, capfd):
    path = written(
        "/**/depth_from_focus: {ros__parameters: {use_sim_time: true, magic: 1, tv: {spell: 2},"
        " qos_overrides: {/image_rect: {subscription: {depth: 3}}}, minimum_slices: 4}}"
    )
    assert file_values(path, DEPTH) == {"minimum_slices": 4}
    (line,) = capfd.readouterr().err.splitlines()
    assert "has no parameter magic, tv.spell: ignored" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "cannot read"),
        ("", "no ROS 2 parameter file"),
        ("- 1", "no ROS 2 parameter file"),
        ("a: 1", "no ROS 2 parameter file"),
        ("a: {}", "a has no ros__parameters"),
        ("a: {b: 1}", "a/b has no ros__parameters"),
        ("/**: {ros__parameters: 3}", "must be names and values"),
        ("/**/sim_camera: {ros__parameters: {}}", r"holds nothing of depth_from_focus; it holds"),
        (
            "/a/depth_from_focus: {ros__parameters: {}}\n"
            "/b/depth_from_focus: {ros__parameters: {}}",
            "/a/depth_from_focus and /b/depth_from_focus: leave one",
        ),
        ("/**: {ros__parameters: {minimum_slices: 1}}", "minimum_slices must lie in 2 .. 1000"),
        ("/**: {ros__parameters: {minimum_slices: many}}", "minimum_slices must be int"),
        ("/**: {ros__parameters: {minimum_slices: null}}", "minimum_slices must be int"),
        ("/**: {ros__parameters: {minimum_confidence: .nan}}", "must be a number, not NaN"),
        ("!!python/object/apply:os.system [ls]", "cannot read"),
        (
            "/**: {ros__parameters: " + "{a: " * 2000 + "1" + "}" * 2000 + "}",
            "cannot read|parameter",
        ),
    ],
)
def test_what_is_no_parameter_file_of_the_node_is_refused_in_one_sentence(text, words, written):
    with pytest.raises(InputError, match=words) as told:
        file_values(written(text), DEPTH)
    assert "\n" not in str(told.value)


def test_a_file_that_is_too_large_or_unfolds_without_end_is_refused(written, tmp_path):
    with pytest.raises(InputError, match="larger than 1 MiB"):
        file_values(written("#" * (1 << 20) + "\n"), DEPTH)
    lines = ["a0: &a0 {x: 1, y: 2}"]
    lines += [f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}" for n in range(1, 40)]
    text = "/**:\n  ros__parameters:\n" + "\n".join(f"    {line}" for line in lines)
    with pytest.raises(InputError, match="more than 10000 parameters"):
        file_values(written(text), DEPTH)
    with pytest.raises(InputError, match="cannot read"):
        file_values(tmp_path / "nowhere.yaml", DEPTH)


KEYS = (
    *("/**", "**", "/*", "/*/*", "depth_from_focus", "/depth_from_focus", "/**/depth_from_focus"),
    *("/camera/depth_from_focus", "camera/depth_from_focus", "/*/depth_from_focus", "/camera/*"),
    *("/robot/**", "/robot/*/depth_from_focus", "/**/camera/depth_from_focus"),
)


@pytest.mark.ros
@pytest.mark.parametrize("space", ["", "/camera", "/robot/camera"])
def test_keys_match_nodes_as_rclpy_matches_them(space: str, written) -> None:
    rclpy = pytest.importorskip("rclpy")
    path = written(
        "\n".join(f'"{key}": {{ros__parameters: {{k{n}: 1}}}}' for n, key in enumerate(KEYS))
    )
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "--params-file", str(path)], context=context)
    node = rclpy.create_node("depth_from_focus", namespace=space or None, context=context)
    got = set(node._parameter_overrides)
    node.destroy_node()
    rclpy.shutdown(context=context)
    name = f"{space}/depth_from_focus"
    assert got == {f"k{n}" for n, key in enumerate(KEYS) if matches(key, name)}
