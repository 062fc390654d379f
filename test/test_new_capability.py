"""A capability outside of the package registers with one line and has all that the others have.

`new_capability/negative/` is the whole of it: begin a new one with a copy.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

for package in ("rclpy", "torch", "lightning", "onnxruntime"):
    pytest.importorskip(package)

import yaml
from bag_battery import BagBattery
from command_line import ddff, status_of
from live_ros import RosSession
from node_battery import ListeningNodeBattery
from parity import ParityBattery
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image

from ddff_perception.engines.model_zoo import find_model
from ddff_perception.files.bags import BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import IMAGE
from ddff_perception.registry import CAPABILITIES, nodes, register
from ddff_perception.ros import messages
from ddff_perception.types import CameraModel
from ddff_perception.viewing.layout import node_view, recorded_subjects

pytestmark = pytest.mark.ros

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "test" / "new_capability" / "negative"
MOST_LINES = 250
PICTURE = np.random.default_rng(0).integers(0, 256, (24, 36, 3), np.uint8)


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    """The capability as long as the tests of this file run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SOURCE.parent)
        from negative.capability import NEGATIVE

        register(NEGATIVE)
        yield
        del CAPABILITIES["negative"]
        for name in [name for name in sys.modules if name.split(".")[0] == "negative"]:
            del sys.modules[name]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "picture.png"), PICTURE)
    return tmp_path / "picture.png"


@pytest.fixture(scope="module")
def run_folder(registered: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `ddff train` made."""
    folder = tmp_path_factory.mktemp("negative") / "run"
    wanted = ("--network", "tiny", "--preset", "smoke", "-o", folder)
    assert status_of("train", "negative", *wanted) == 0
    return folder


@pytest.fixture(scope="module")
def onnx_file(run_folder: Path) -> Path:
    """What `ddff export` made of it."""
    output = run_folder.parent / "exported"
    assert status_of("export", "negative", run_folder / "weights.safetensors", "-o", output) == 0
    return output / "negative_tiny.onnx"


def sources() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")}


def test_the_whole_capability_is_short() -> None:
    lines = {name: len(text.splitlines()) for name, text in sources().items()}
    assert {"capability.py", "interface.py", "node.py", "pipeline.py"} <= set(lines)
    assert sum(lines.values()) <= MOST_LINES, lines


def test_it_leans_on_no_other_capability() -> None:
    others = "|".join(name for name in CAPABILITIES if name != "negative")
    assert [n for n, text in sources().items() if re.search(others, text)] == []


class TestNode(ListeningNodeBattery):
    name = "negative_image"

    def test_every_image_gives_its_negative_with_its_stamp_frame_and_calibration(
        self, ros: RosSession, make
    ) -> None:
        node = make()
        assert node.start()
        run = Live(ros, node)
        for stamp, image in enumerate((PICTURE, PICTURE[:, :, 0].astype(np.uint16) * 257), 1):
            negative = run.negative(stamp, image)
            np.testing.assert_array_equal(negative, np.iinfo(image.dtype).max - image)
        assert run.infos[-1].header == run.images[-1].header
        assert (run.infos[-1].width, run.infos[-1].height) == (36, 24)

    def test_its_network_runs_where_a_model_is_given(
        self, ros: RosSession, make, onnx_file: Path
    ) -> None:
        node = make(engine__backend="onnxruntime")
        assert node.start()
        run = Live(ros, node)
        (refused,) = node.set_parameters([Parameter("method", value="tiny")])
        assert not refused.successful and "no model 'negative_tiny'" in refused.reason
        np.testing.assert_array_equal(run.negative(1, PICTURE), 255 - PICTURE)
        model = Parameter("tiny.model", value=str(onnx_file))
        for change in (model, Parameter("method", value="tiny")):
            assert node.set_parameters([change])[0].successful
        assert np.abs(run.negative(2, PICTURE) + PICTURE.astype(int) - 255).max() <= 1
        assert node._pipeline.engines is not None


class Live:
    """A camera before the node, and what the node makes of its images."""

    def __init__(self, ros: RosSession, node) -> None:
        self.ros = ros
        self.images = ros.listen(Image, "negative/image")
        self.infos = ros.listen(CameraInfo, "negative/camera_info")
        self._node = node
        self._image = ros.talk(Image, "image")
        self._info = ros.talk(CameraInfo, "camera_info")
        for talker in (self._image, self._info):
            ros.wait_met(talker)

    def negative(self, stamp_ns: int, image: np.ndarray) -> np.ndarray:
        header = messages.header_at(stamp_ns, "camera_optical_frame")
        size = (image.shape[1], image.shape[0])
        camera = CameraModel(*size, 30.0, 30.0, 18.0, 12.0)
        self._info.publish(messages.camera_info_message(camera, header, size))
        self.ros.wait_for(lambda: getattr(self._node.camera.info, "header", 0) == header, "info")
        self._image.publish(messages.image_message(image, header))
        found = self.images.wait_new()[-1]
        assert found.header == header
        self.ros.wait_for(lambda: self.infos and self.infos[-1].header == header, "calibration")
        return messages.image_array(found)


class TestBags(BagBattery):
    capability = "negative"

    @pytest.fixture(scope="class")
    def recorded(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        folder = tmp_path_factory.mktemp("negatives") / "bag"
        with BagWriter(folder) as bag:
            factory = MessageFactory(bag.store, "camera_optical_frame")
            images = {"/camera/image": PICTURE, "/camera/truth/negative": 255 - PICTURE}
            for name in images:
                bag.add_topic(name, IMAGE)
            for stamp in range(1, 6):
                for name, image in images.items():
                    bag.write(name, stamp * 10**8, factory.image(stamp * 10**8, image))
        return folder

    def test_it_is_scored_against_the_recorded_truth(self, evaluated) -> None:
        found = evaluated()
        assert found["topics"] == {"image": "/camera/image", "truth": "/camera/truth/negative"}
        assert found["scores"]["negative"]["offline"] == {
            **{"rmse": 0.0, "psnr_db": None, "ssim": pytest.approx(1.0)},
            "images": 5,
        }
        coarse = evaluated("-p", "inverse.levels=4")["scores"]["negative"]["offline"]
        assert coarse["rmse"] > 0.05

    def test_its_network_is_scored_too(self, evaluated, onnx_file: Path) -> None:
        wanted = ("--method", "tiny", "-p", f"tiny.model={onnx_file}")
        found = evaluated(*wanted, "--engine", "onnxruntime")
        assert found["method"] == "tiny"
        assert found["scores"]["negative"]["offline"]["psnr_db"] > 45


class TestNetwork(ParityBattery):
    sizes = ({"channels": 1, "height": 37, "width": 75},)

    @pytest.fixture(scope="class")
    def model(self, onnx_file: Path):
        return find_model(onnx_file)


def test_its_command_is_listed_and_works(picture: Path, tmp_path: Path, capfd) -> None:
    assert "Make the negative of an image" in ddff(capfd, "--help").output
    methods = json.loads(ddff(capfd, "info", "--json").output)["methods"]["negative"]
    assert list(methods) == ["inverse", "tiny"]
    outcome = ddff(capfd, "negative", picture, "-o", tmp_path / "out")
    assert outcome.status == 0, outcome.errors
    np.testing.assert_array_equal(cv2.imread(str(tmp_path / "out" / "negative.png")), 255 - PICTURE)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (summary["method"], summary["parameters"]) == ("inverse", {"inverse.levels": 0})


def test_what_it_cannot_use_ends_with_one_sentence(picture: Path, tmp_path: Path, refused) -> None:
    run = ("negative", picture, "-o", tmp_path / "out")
    assert "no model 'negative_tiny'" in refused(*run, "--method", "tiny")
    assert "must lie in 0 .. 256, not 300" in refused(*run, "-p", "inverse.levels=300")
    assert "changes nothing here" in refused(*run, "-p", "tiny.model=x")
    assert "nowhere.png" in refused("negative", tmp_path / "nowhere.png")


def test_a_report_shows_its_section_beside_others(picture: Path, tmp_path: Path, accepted) -> None:
    accepted("negative", picture, "-o", tmp_path / "out")
    truth = tmp_path / "truth.png"
    cv2.imwrite(str(truth), 250 - PICTURE // 2)
    accepted("report", tmp_path / "out", "-o", tmp_path / "page.html", "--truth", truth)
    page = (tmp_path / "page.html").read_text()
    for words in ("Negatives", "At a glance", "36 × 24", "PSNR"):
        assert words in page, words


def test_its_images_are_opened_in_the_browser() -> None:
    view = node_view("negative_image")
    assert view is not None and list(view.pictures) == ["image", "negative/image"]
    topics = {f"/camera/{name}": IMAGE for name in view.pictures}
    assert recorded_subjects(topics)[0].name == "negative"


def test_its_network_learns(run_folder: Path) -> None:
    with (run_folder / "train.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert losses[-1] < 1e-3 < losses[0]
    record = json.loads((run_folder / "weights.json").read_text())
    assert (record["network"], record["parameters"]) == ("tiny", 2)


def test_its_network_is_exported_with_its_card(run_folder: Path, tmp_path: Path, accepted) -> None:
    weights = run_folder / "weights.safetensors"
    accepted("export", "negative", weights, "-o", tmp_path, "--precision", "float16")
    card = find_model(tmp_path / "negative_tiny_float16.onnx").card
    assert (card.precision, card.parameters) == ("float16", 2)
    assert card.data == "images of random grey values"
    assert card.training_command == "ddff train negative --network tiny --preset smoke -o OUT"


def test_the_command_runs_its_network(
    picture: Path, tmp_path: Path, accepted, onnx_file: Path
) -> None:
    values = (f"tiny.model={onnx_file}", "engine.backend=onnxruntime")
    model = ("--method", "tiny", *(word for value in values for word in ("-p", value)))
    accepted("negative", picture, "-o", tmp_path / "out", *model)
    found = cv2.imread(str(tmp_path / "out" / "negative.png")).astype(int)
    assert np.abs(found + PICTURE - 255).max() <= 1


def test_the_tables_of_the_documents_and_its_parameter_file_are_written() -> None:
    spec = importlib.util.spec_from_file_location("write_docs", ROOT / "tools" / "write_docs.py")
    assert spec is not None and spec.loader is not None
    write_docs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(write_docs)
    assert "| `tiny` | a network of two weights; needs an engine |" in write_docs.methods_page()
    page = write_docs.nodes_page()
    for name in ("negative/image", "inverse.levels", "tiny.model", "engine.backend"):
        assert f"| `{name}` |" in page[page.index("negative_image") :], name
    files = {str(path.relative_to(ROOT)): text for path, text in write_docs.node_files().items()}
    content = yaml.safe_load(files["config/negative_image.yaml"])
    values = content["/**/negative_image"]["ros__parameters"]
    assert values["inverse"] == {"levels": 0} and values["method"] == "inverse"
    assert "from negative.node import main" in files["scripts/negative_image"]
    assert 'launch_description("negative_image")' in files["launch/negative_image.launch.py"]
    assert "negative_image" in nodes()
