"""`ddff segment` on files and folders, its reports, and bags of an RGB-D camera."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from folders import names
from rooms import CAMERA, millimetres, picture, room, write_room

from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import CAMERA_INFO, IMAGE
from ddff_perception.optics.rigid_transform import RigidTransform
from ddff_perception.segmentation.evaluation.results import read_labels
from ddff_perception.segmentation.types import CLASSES
from ddff_perception.types import InputError

DEPTH, LABELS = room()
SHOWN = f"{CAMERA.fx},{CAMERA.fy},{CAMERA.cx},{CAMERA.cy},160,120"
# Whatever network there is: what is tested here needs none.
SEGMENT = ("segment", "--method", "planes")
EVAL = ("bag", "eval", "--method", "planes")
RESULTS = ["confidence.npy", "image.png", "labels.png", "overlay.png", "summary.json"]
CALIBRATION = """image_width: 160
image_height: 120
projection_matrix: {rows: 3, cols: 4, data: [130, 0, 79.5, 0, 0, 130, 59.5, 0, 0, 0, 1, 0]}
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    color, depth, truth = (tmp_path / f"{name}.png" for name in ("color", "depth", "truth"))
    cv2.imwrite(str(color), picture(LABELS))
    cv2.imwrite(str(depth), millimetres(DEPTH))
    cv2.imwrite(str(truth), LABELS)
    return color, depth, truth


def right(folder: Path) -> float:
    return float(np.mean(cv2.imread(str(folder / "labels.png"), cv2.IMREAD_UNCHANGED) == LABELS))


def test_colour_and_depth_give_labels_and_a_summary(accepted, files, tmp_path: Path) -> None:
    color, depth, truth = files
    out = tmp_path / "out"
    outcome = accepted(*SEGMENT, color, depth, "--camera", SHOWN, "--truth", truth, "-o", out)
    assert names(out) == RESULTS and right(out) > 0.97
    assert "floor" in outcome.output and "Of 9" in outcome.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary["method"] == "planes" and summary["scores"]["global"] > 0.97
    assert summary["parameters"]["capture.width_px"] == 320
    assert np.load(out / "confidence.npy").shape == (120, 160)


def test_depth_alone_by_a_calibration_file_and_metres(accepted, tmp_path: Path) -> None:
    np.save(tmp_path / "depth.npy", DEPTH)
    (tmp_path / "camera.yaml").write_text(CALIBRATION)
    arguments = ("--depth", tmp_path / "depth.npy", "--camera", tmp_path / "camera.yaml")
    accepted(*SEGMENT, *arguments, "-o", tmp_path / "out")
    assert right(tmp_path / "out") > 0.97


def test_an_rgbd_folder_gives_a_folder_per_frame_and_one_report(accepted, tmp_path: Path) -> None:
    folder, out = write_room(tmp_path / "room", frames=2), tmp_path / "out"
    outcome = accepted(*SEGMENT, folder, "-o", out)
    assert "2 frames" in outcome.output
    assert names(out) == ["000", "001"] and right(out / "001") > 0.97
    accepted("report", out / "000", out / "001", "-o", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for words in ("Segmentation", "Confusion", "mean", "Labels over the image"):
        assert words in page


def test_a_report_scores_against_the_truth_it_is_given(accepted, files, tmp_path: Path) -> None:
    color, depth, truth = files
    accepted(*SEGMENT, color, depth, "--camera", SHOWN, "-o", tmp_path / "out")
    page = tmp_path / "page.html"
    accepted("report", tmp_path / "out", "--truth", truth, "-o", page)
    assert "Confusion" in page.read_text() and "True labels" in page.read_text()


def test_unregistered_depth_needs_its_camera_and_place(accepted, refused, tmp_path: Path) -> None:
    numbers = [0.06, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    small = CAMERA.resized(80, 60)
    depth, _ = room(small, at=RigidTransform.of_numbers(numbers))
    cv2.imwrite(str(tmp_path / "c.png"), picture(LABELS))
    cv2.imwrite(str(tmp_path / "d.png"), millimetres(depth))
    shown = (tmp_path / "c.png", tmp_path / "d.png", "--camera", SHOWN)
    own = ("--depth-camera", f"{small.fx},{small.fy},{small.cx},{small.cy},80,60")
    place = ("--param", f"extrinsics={','.join(map(str, numbers))}")
    accepted(*SEGMENT, *shown, *own, *place, "-o", tmp_path / "out")
    assert right(tmp_path / "out") > 0.85


def test_metres_in_a_tiff_are_depth(accepted, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "depth.tiff"), DEPTH)
    arguments = ("--depth", tmp_path / "depth.tiff", "--camera", SHOWN)
    accepted(*SEGMENT, *arguments, "-o", tmp_path / "out")
    assert right(tmp_path / "out") > 0.9


def test_true_labels_may_count_from_one_or_be_nyus_forty(tmp_path: Path) -> None:
    given = tmp_path / "truth.png"
    cv2.imwrite(str(given), np.uint8([[0, 1, 13]]))
    assert read_labels(given, "13_from_1").tolist() == [[255, 0, 12]]
    with pytest.raises(InputError, match="over 12: they count 13 classes from 0"):
        read_labels(given)
    cv2.imwrite(str(given), np.uint8([[0, 1, 2, 40, 255]]))
    wall, floor, objects = (CLASSES.index(name) for name in ("wall", "floor", "objects"))
    assert read_labels(given, "40_from_1").tolist() == [[255, wall, floor, objects, 255]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "give colour and depth"),
        (("{color}",), "the method planes needs depth"),
        (("{color}", "{depth}"), "give --camera"),
        (("{color}", "{depth}", "--camera", "1,2,3"), "neither fx,fy,cx,cy"),
        (("{color}", "{depth}", "--camera", "{color}"), "neither fx,fy,cx,cy"),
        (("{color}", "{depth}", "--camera", "1,1,1,1,80,60"), "80x60"),
        (("{color}", "{depth}", "--depth", "{depth}"), "give depth once"),
        (("{color}", "{color}", "--camera", SHOWN), "one number per pixel"),
        (("{color}", "{depth}", "--truth", "{color}"), "labels are 8-bit grey images"),
        (("{color}", "{depth}", "--truth", "{depth}", "--truth-labels", "7"), "--truth-labels is"),
        (("{color}", "{depth}", "--param", "classes=flor"), "no class 'flor'"),
        (("{color}", "{depth}", "--param", "gravity.source=imu"), "files have no imu"),
        (("{color}", "{depth}", "--param", "points.stride=2"), "changes nothing here"),
        (("{color}", "{depth}", "--method", "magic"), "no method 'magic'"),
    ],
)
def test_what_cannot_be_labelled_is_told_in_a_sentence(
    refused, files, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    color, depth, _ = files
    given = [text.format(color=color, depth=depth) for text in arguments]
    assert words in refused(*SEGMENT, *given, "-o", tmp_path / "out")
    assert not (tmp_path / "out" / "summary.json").exists()


def test_folders_that_do_not_match_are_told(refused, files, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(3):
        cv2.imwrite(str(many / f"{number}.png"), picture(LABELS))
    assert "3 of colour, 1 of depth" in refused(*SEGMENT, many, files[1], "-o", tmp_path / "out")


def test_folders_whose_names_say_otherwise_are_not_paired_by_order(
    accepted, refused, tmp_path: Path
) -> None:
    folders = tmp_path / "color", tmp_path / "depth"
    for folder, numbers, image in zip(
        folders, ((0, 1), (0, 2)), (picture(LABELS), millimetres(DEPTH)), strict=True
    ):
        folder.mkdir()
        for number in numbers:
            cv2.imwrite(str(folder / f"{number}.png"), image)
    given = (*SEGMENT, *folders, "--camera", SHOWN, "-o", tmp_path / "out")
    assert "colour 1 would come together with depth 2" in refused(*given)
    (folders[1] / "0.png").rename(folders[1] / "at_0.png")
    (folders[1] / "2.png").rename(folders[1] / "at_2.png")
    accepted(*given)


def test_whole_numbers_of_an_array_are_millimetres(accepted, tmp_path: Path) -> None:
    for kind in (np.uint16, np.int32):
        np.save(tmp_path / "depth.npy", millimetres(DEPTH).astype(kind))
        given = ("--depth", tmp_path / "depth.npy", "--camera", SHOWN)
        accepted(*SEGMENT, *given, "-o", tmp_path / "out")
        assert right(tmp_path / "out") > 0.97


def test_never_registered_leaves_out_the_folders_own_extrinsics(accepted, tmp_path: Path) -> None:
    folder, out = write_room(tmp_path / "room", frames=1), tmp_path / "out"
    said = json.loads((folder / "rgbd.json").read_text())
    said["extrinsics"] = [0.5, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    (folder / "rgbd.json").write_text(json.dumps(said))
    accepted(*SEGMENT, folder, "-o", out)
    assert right(out) < 0.9
    accepted(*SEGMENT, folder, "--param", "registration=never", "-o", out)
    assert right(out) > 0.97


def test_depth_that_the_network_cannot_look_at_is_told(accepted, files, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    color, depth, _ = files
    small = ("--param", "fuse_light.shorter_side=96", "--engine", "onnxruntime")
    given = ("segment", "--method", "fuse_light", color, depth, *small, "-o", tmp_path / "out")
    assert "Colour alone was labelled" in accepted(*given).output
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["without_depth"]


def test_holes_stay_unlabelled_and_nothing_but_holes_is_told(
    accepted, refused, tmp_path: Path
) -> None:
    depth = DEPTH.copy()
    depth[20:90, 30:60] = np.nan
    np.save(tmp_path / "depth.npy", depth)
    given = (*SEGMENT, "--depth", tmp_path / "depth.npy", "--camera", SHOWN)
    accepted(*given, "-o", tmp_path / "out")
    labels = cv2.imread(str(tmp_path / "out" / "labels.png"), cv2.IMREAD_UNCHANGED)
    assert (labels[20:90, 30:60] == 255).all() and (labels[:, 100:] != 255).all()
    np.save(tmp_path / "depth.npy", np.full_like(DEPTH, np.nan))
    assert "has no measured pixel" in refused(*given, "-o", tmp_path / "none")


def bag_of(
    path: Path,
    apart_ns: int = 0,
    color: bool = True,
    depth: np.ndarray = DEPTH,
    depth_frame: str = "camera",
) -> Path:
    """Four instants of the room."""
    with BagWriter(path) as bag:
        made = MessageFactory(bag.store, "camera")
        makers = {"color": made, "depth": MessageFactory(bag.store, depth_frame)}
        parts = {"color": picture(LABELS), "depth": millimetres(depth)}
        parts = parts if color else {"depth": parts["depth"]}
        for part in parts:
            bag.add_topic(f"/{part}/image_rect", IMAGE)
            bag.add_topic(f"/{part}/camera_info", CAMERA_INFO)
        bag.add_topic("/truth/labels", IMAGE)
        for number in range(4):
            stamp = 10**12 + number * 10**8
            bag.write("/truth/labels", stamp, made.image(stamp, LABELS, "mono8"))
            for part, image in parts.items():
                at = stamp + apart_ns * (part == "depth")
                bag.write(f"/{part}/camera_info", at, makers[part].camera_info(at, CAMERA))
                encoding = "16UC1" if part == "depth" else None
                bag.write(f"/{part}/image_rect", at, makers[part].image(at, image, encoding))
    return path


def evaluated(accepted, *arguments: object) -> dict:
    return json.loads(accepted(*EVAL, *arguments, "--json").output)


@pytest.mark.parametrize("apart_ms", [0, 4, 15])
def test_a_bag_is_scored_against_its_true_labels(accepted, tmp_path: Path, apart_ms: int) -> None:
    bag = bag_of(tmp_path / "bag", apart_ms * 10**6)
    found = evaluated(accepted, bag, "--tolerance", 0.02)
    assert found["estimates"] == 4
    assert found["scores"]["offline"]["global"] > 0.97


def test_a_bag_whose_stamps_are_far_apart_is_joined_where_slop_allows(
    accepted, refused, tmp_path: Path
) -> None:
    bag = bag_of(tmp_path / "bag", 60 * 10**6)
    assert "no image of the other kind at its instant" in refused(*EVAL, bag)
    arguments = ("--param", "slop_s=0.08", "--tolerance", 0.1)
    assert evaluated(accepted, bag, *arguments)["estimates"] == 4


def test_a_bag_of_depth_alone_is_labelled_when_it_is_asked_for(
    accepted, refused, tmp_path: Path
) -> None:
    bag = bag_of(tmp_path / "bag", color=False)
    assert "--param input=depth" in refused(*EVAL, bag, "--capability", "segmentation")
    arguments = ("--capability", "segmentation", "--param", "input=depth")
    found = evaluated(accepted, bag, *arguments)
    assert found["estimates"] == 4 and found["scores"]["offline"]["global"] > 0.97


def test_a_bag_of_two_frames_without_a_transform_is_told(accepted, refused, tmp_path: Path) -> None:
    bag = bag_of(tmp_path / "bag", depth_frame="depth_camera")
    assert "depth is in the frame depth_camera, colour in camera" in refused(*EVAL, bag)
    for given in ("registration=never", "extrinsics=0,0,0,0,0,0,1"):
        found = evaluated(accepted, bag, "--param", given)
        assert found["scores"]["offline"]["global"] > 0.97


def test_a_bag_in_the_wrong_unit_is_told(refused, tmp_path: Path) -> None:
    bag = bag_of(tmp_path / "bag", depth=DEPTH / 1000)
    assert "its unit is another one" in refused(*EVAL, bag)


def test_the_simulated_camera_records_what_it_would_publish(accepted, tmp_path: Path) -> None:
    folder = write_room(tmp_path / "room")
    options = ("-o", tmp_path / "bag", "--frames", 5, "--encoding", "32FC1")
    assert "25 messages" in accepted("simulate", "rgbd-bag", folder, *options).output
    found = evaluated(accepted, tmp_path / "bag")
    assert found["scores"]["offline"]["global"] > 0.97
