"""A scene recorded from live topics: a camera of two apertures and a depth sensor."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from command_line import ddff
from defocus_scenes import scene
from live_ros import RosSession
from sensor_msgs.msg import CameraInfo, Image

from ddff_perception.defocus.triples.raw_folder import read_capture
from ddff_perception.ros import messages
from ddff_perception.types import CameraModel

pytestmark = pytest.mark.ros

SHOWN = scene(size=(48, 64))
CAMERA = CameraModel.centred(64, 48, 80.0)


class Cameras:
    """Publishes until it is closed; what the aperture shows can be changed."""

    def __init__(self, ros: RosSession) -> None:
        self.image = SHOWN.image
        self.talkers = {
            name: ros.talk(kind, name)
            for name, kind in (
                ("image_rect", Image), ("camera_info", CameraInfo), ("depth/image_rect", Image),
                ("depth/color", Image),
            )
        }  # fmt: skip
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._talk, daemon=True)
        self._thread.start()

    def _talk(self) -> None:
        stamp = 10**9
        while not self._over.is_set():
            stamp += 10**7
            header = messages.header_at(stamp, "camera")
            depth = SHOWN.depth.copy()
            # Every third frame has a hole elsewhere: a median has none.
            depth[:, (stamp // 10**7) % 3 * 8] = np.nan
            depth[40:] = np.nan
            self.talkers["camera_info"].publish(
                messages.camera_info_message(CAMERA, header, (64, 48))
            )
            self.talkers["image_rect"].publish(messages.image_message(self.image, header))
            self.talkers["depth/color"].publish(messages.image_message(SHOWN.sharp, header))
            self.talkers["depth/image_rect"].publish(messages.image_message(depth, header))
            time.sleep(0.01)

    def close(self) -> None:
        self._over.set()
        self._thread.join()


def test_a_scene_is_recorded_as_it_is_told(
    ros: RosSession, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    assert ddff(capfd, "triples", "plan", "-o", tmp_path / "c", "--scenes", 2).status == 0
    cameras = Cameras(ros)
    asked = iter(["", "", "", "q"])

    def answer() -> str:
        given = next(asked)
        if (tmp_path / "c" / "wide" / "0001.png").is_file():
            cameras.image = SHOWN.sharp
        return given

    monkeypatch.setattr("builtins.input", answer)
    try:
        said = ddff(capfd, "triples", "record", tmp_path / "c", "--frames", 5)
    finally:
        cameras.close()
    assert said.status == 0, said.errors
    assert "Scene 0001, wide: focus at 0.8 m, open the aperture to f/2.8" in said.output
    assert "1 scenes were recorded, 1 are left" in said.output
    folder = tmp_path / "c"
    wide = cv2.imread(str(folder / "wide" / "0001.png"))
    narrow = cv2.imread(str(folder / "narrow" / "0001.png"))
    np.testing.assert_array_equal(wide, SHOWN.image)
    # A frame of the wide aperture may have been on its way.
    blurred, off = (np.abs(narrow.astype(int) - i).mean() for i in (SHOWN.image, SHOWN.sharp))
    assert off < 0.5 * blurred
    depth = cv2.imread(str(folder / "depth" / "0001.png"), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(depth[:40] / 1e3, SHOWN.depth[:40], atol=1e-3)
    assert not depth[40:].any()
    assert (folder / "depth_color" / "0001.png").is_file()
    found = read_capture(folder)
    assert found.camera is not None and found.camera.fx == 80.0
    assert found.missing("0001") == [] and len(found.missing("0002")) == 3


def test_without_a_camera_it_is_said_which_topic_is_silent(
    ros: RosSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ddff_perception.defocus.triples.recorder_node import TripleRecorder
    from ddff_perception.types import InputError

    recorder = TripleRecorder()
    with pytest.raises(InputError, match="no image came on /image_rect within"):
        recorder.photograph(patience_s=0.05)
    recorder.close()
