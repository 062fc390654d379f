"""A recorded RGB-D camera: what is labelled from its topics, and how that is scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...capture.partners import Partners
from ...capture.set_synchronizer import SetSynchronizer
from ...evaluation.bag_run import BagResult, BagRun, Chosen, Estimated, Topics
from ...evaluation.reports.blocks import Column, Section, Table
from ...files.bag_topics import MissingTopicsError, camera_info_of, chosen_topic, topics_ending
from ...files.bags import BagTopic
from ...files.bags_messages import camera_of, image_of, stamp_of
from ...files.bags_types import CAMERA_INFO, COMPRESSED_IMAGE, IMAGE
from ...optics.rigid_transform import RigidTransform
from ...parameters import ParameterTable, Value
from ...types import CameraModel, InputError
from ..capture.encodings import check_encoding
from ..capture.frames import RawRgbd
from ..capture.gravity import GravitySettings, unit_vector
from ..health import UNPAIRED
from ..interface import InputSettings
from ..methods import METHODS
from ..parameters import pipeline_parameters
from ..pipeline import SegmentationPipeline, Segmented
from ..rendering import resized_labels
from ..types import CLASSES
from .counts import Scores, confusion
from .report import class_table, confusion_table, pictures_section
from .results import RESULT_FILES, read_segmentation, write_segmentation

SCHEMA = "ddff-segmentation-bag/1"
OFFLINE, LIVE, AGAINST_LIVE = "offline", "live", "against live"
_COLOUR_ENDS = tuple(
    f"{camera}/{image}"
    for camera in ("color", "rgb", "left")
    for image in ("image_rect", "image_rect_color", "image_raw", "image_color", "image")
)
_DEPTH_ENDS = (
    *(f"{camera}/{image}" for camera in ("depth_registered", "aligned_depth_to_color")
      for image in ("image_rect", "image_raw", "image")),
    "depth/image_rect", "depth/image_rect_raw", "depth/image_raw", "depth/depth_registered",
    "depth/image",
)  # fmt: skip


@dataclass
class SegmentationBagResult(BagResult):
    """`counts` by true and found class of the labels made here (`OFFLINE`), of those made live
    (`LIVE`), and of the first against the second (`AGAINST_LIVE`); `last`: the last estimate.
    """

    counts: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    last: Segmented | None = None

    def to_json(self) -> dict[str, Any]:
        scores = {name: Scores.of(found).record() for name, found in self.counts.items()}
        return {"schema": SCHEMA, **super().to_json(), "frames": self.changes, "scores": scores}


class SegmentationRun(BagRun):
    """Labels of recorded colour and depth, against true ones and against those made live."""

    node = "rgbd_segmentation"
    default_method = METHODS.default
    inputs = ("color", "depth", "color_info", "depth_info")
    references = ("truth", "live")
    files = RESULT_FILES
    first = 1
    make_pipeline = staticmethod(SegmentationPipeline)
    nothing = "nothing could be labelled"
    least = "no image of colour and depth of one instant"
    result: SegmentationBagResult

    @classmethod
    def find(
        cls, topics: Mapping[str, BagTopic], chosen: Chosen, given: Mapping[str, Value]
    ) -> Topics:
        kinds = (IMAGE, COMPRESSED_IMAGE)
        wanted = str(given.get("input", "rgbd"))
        found: dict[str, str] = {}
        for part, ends in (("color", _COLOUR_ENDS), ("depth", _DEPTH_ENDS)):
            names = [chosen_topic(topics, part, name, kinds) for name in chosen.get(part, ())]
            names += [name for end in ends for name in topics_ending(topics, end, kinds)]
            if names and (chosen.get(part) or wanted in ("rgbd", part)):
                found[part] = names[0]
                found |= _info(topics, part, names[0], chosen)
        if not ({"color", "depth"} if wanted == "rgbd" else {wanted}) <= found.keys():
            raise MissingTopicsError(
                "the bag holds no RGB-D camera: no image on color/image_rect with one on "
                "depth/image_rect (give --topic color=/name --topic depth=/name; for one alone "
                "--capability segmentation --param input=depth)",
                topics,
            )
        for part, end in (("truth", "truth/labels"), ("live", "segmentation/image")):
            names = [chosen_topic(topics, part, name, kinds) for name in chosen.get(part, ())]
            names += topics_ending(topics, end, kinds)
            found |= {part: names[0]} if names else {}
        return found

    @classmethod
    def used(cls, method: str) -> ParameterTable:
        own = InputSettings.table() + GravitySettings.table().prefixed("gravity")
        return own + pipeline_parameters(method)

    def make_result(self) -> SegmentationBagResult:
        self._input = InputSettings.of(self.given)
        gravity = GravitySettings.of(self.given, "gravity")
        if gravity.source not in ("estimated", "fixed"):
            raise InputError(
                f"gravity.source {gravity.source} is for the live node: a bag is evaluated with "
                "estimated or fixed"
            )
        self._gravity = None if gravity.source == "estimated" else unit_vector(gravity.down)
        self._images = [part for part in ("color", "depth") if part in self.topics]
        self._cameras: dict[str, Any] = {}
        self._partners = Partners(("color", "depth"), self._input.alone_after_s)
        self._sets: SetSynchronizer[Any] = SetSynchronizer(
            self._images,
            self.count_unusable,
            queue_size=self._input.sync_queue_size,
            slop_s=self._input.slop_s,
            time_jump_s=self._input.time_jump_s,
            incomplete=UNPAIRED,
        )
        return SegmentationBagResult(self.topics)

    def take(self, part: str, message: Any) -> Iterator[bool]:
        if part.endswith("_info"):
            self._cameras[part] = message
            return
        if not hasattr(message, "format"):
            check_encoding(part, message.encoding)
        stamp = stamp_of(message)
        if len(self._images) == 2 and self._partners.alone(part, stamp):
            yield self._add(stamp, {part: message})
            return
        for newest, together in self._sets.add(part, stamp, message):
            yield self._add(newest, dict(zip(self._images, together, strict=True)))

    def flush(self) -> Iterator[bool]:
        self._sets.flush()
        yield False

    def estimate(self) -> Estimated | None:
        try:
            found = self.pipeline.estimate()
        except InputError as error:
            self.count_unusable(str(error))
            return None
        self.result.last = found
        return Estimated(found.stamp_ns, found, found.timings_ms)

    def reference(self, part: str, message: Any) -> NDArray[np.uint8]:
        labels = image_of(message)
        if labels.ndim != 2 or labels.dtype != np.uint8:
            raise InputError(f"labels are mono8 images, not {labels.shape} {labels.dtype}")
        return np.asarray(labels, np.uint8)

    def score(self, item: Segmented, references: Mapping[str, Any]) -> None:
        truth, live = references.get("truth"), references.get("live")
        for name, labels, true in (
            (OFFLINE, item.found.labels, truth),
            (LIVE, live, truth),
            (AGAINST_LIVE, item.found.labels, live),
        ):
            if labels is None or true is None:
                continue
            counts = confusion(true, resized_labels(labels, true.shape))
            self.result.counts[name] = self.result.counts.get(name, 0) + counts

    def finish(self) -> None:
        """There is nothing left to complete."""

    def write(self, folder: Path) -> Mapping[str, Any]:
        last = self.result.last
        assert last is not None
        write_segmentation(folder, last, last.image.size)
        counts = self.result.counts.get(OFFLINE)
        return {
            "frames": self.result.estimates,
            "method_ms": float(np.median(self.result.stages_ms[last.method])),
            "counts": None if counts is None else counts.tolist(),
        }

    def tables(self) -> list[Table]:
        rows = [
            (
                "offline vs live" if name == AGAINST_LIVE else f"{name} vs truth",
                100 * scores.global_accuracy,
                100 * scores.mean_recall,
                100 * scores.mean_iou,
            )
            for name, counts in self.result.counts.items()
            for scores in [Scores.of(counts)]
        ]
        columns: list[Column | str] = [
            "labels",
            Column("right", "%", decimals=1),
            Column("mean recall", "%", decimals=1),
            Column("mean IoU", "%", decimals=1),
        ]
        caption = f"Labels of {self.result.estimates} frames, {len(CLASSES)} classes"
        return [Table(columns, rows, caption)] if rows else []

    def sections(self, folder: Path) -> list[Section]:
        counts = self.result.counts.get(OFFLINE)
        made = [] if counts is None else [class_table(counts), confusion_table(counts)]
        errors = [Section("Classes", [*self.tables(), *made])] if self.result.counts else []
        return [*errors, pictures_section(read_segmentation(folder))]

    def _add(self, stamp_ns: int, together: Mapping[str, Any]) -> bool:
        color, depth = together.get("color"), together.get("depth")
        raw = RawRgbd(
            None if color is None else image_of(color),
            None if depth is None else image_of(depth),
            self._camera("color"),
            self._camera("depth"),
            None if color is None or depth is None else self._stand(color, depth),
            self._gravity,
            self._input.aligned,
        )
        return bool(self.pipeline.add_rgbd(stamp_ns, raw))

    def _camera(self, part: str) -> CameraModel | None:
        info = self._cameras.get(f"{part}_info")
        return None if info is None else camera_of(info)

    def _stand(self, color: Any, depth: Any) -> RigidTransform | None:
        frames = color.header.frame_id, depth.header.frame_id

        def ask() -> RigidTransform:
            raise InputError(
                f"depth is in the frame {frames[1]}, colour in {frames[0]}: give --param "
                "extrinsics=x,y,z,qx,qy,qz,qw, or registration=never where the driver has "
                "registered depth"
            )

        return self._input.stand(*frames, ask)


def _info(topics: Mapping[str, BagTopic], part: str, image: str, chosen: Chosen) -> dict[str, str]:
    """The camera_info beside the image topic, or the chosen one."""
    name = f"{part}_info"
    for given in chosen.get(name, ()):
        return {name: chosen_topic(topics, name, given, (CAMERA_INFO,))}
    beside = camera_info_of(image)
    return {name: beside} if beside in topics else {}
