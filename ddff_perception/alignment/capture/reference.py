"""A recorded route as one file: what its frames look like to a method, when they were, pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...files import array_file
from ...files.array_file import FileKind
from ...files.images import decode_image_file
from ...types import FloatArray, ImageArray, InputError
from .frames import Frame

SUFFIX = ".route"
REFERENCE = FileKind(
    magic=b"DDFFRTE\x01",
    name="reference",
    command="ddff align build",
    arrays={"descriptors": 2, "stamps": 1, "numbers": 1, "offsets": 1, "pictures": 1},
    small=("descriptors", "stamps", "numbers", "offsets"),
)
LEAST_FRAMES = 8
_QUALITY = 80
_WIDEST = 640
_UNIT_TOLERANCE = 1e-2
_ASPECT_TOLERANCE = 0.03


@dataclass(frozen=True)
class Reference:
    """A route's frames: unit `descriptors` (n, d) float32, `stamps` (n,) int64 nanoseconds that
    ascend, `numbers` (n,) int64 of the frames in the recording, JPEG `pictures` (bytes) from
    `offsets` (n + 1,).

    `facts`: the `method` that made the descriptors, its `values` and its model's `sha256`, the
    `size` of the images (width, height), and the `source`.
    """

    descriptors: FloatArray
    stamps: NDArray[np.int64]
    numbers: NDArray[np.int64]
    offsets: NDArray[np.int64]
    pictures: NDArray[np.uint8]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.stamps)

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Times of the frames (n,) since the first one."""
        return np.asarray((self.stamps - self.stamps[0]) / 1e9)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the recorded images."""
        width, height = self.facts["size"]
        return int(width), int(height)

    def picture(self, row: int) -> ImageArray:
        """The frame's image, uint8 BGR; raises InputError where the file is damaged there."""
        content = self.pictures[self.offsets[row] : self.offsets[row + 1]].tobytes()
        return decode_image_file(content, f"picture {row} of the reference", cv2.IMREAD_COLOR)

    def require_camera(self, width: int, height: int) -> None:
        """Raises InputError where images of this size are another camera's."""
        own = self.size[0] / self.size[1]
        if abs(width / height / own - 1) > _ASPECT_TOLERANCE:
            raise InputError(
                f"the reference is of images of {self.size[0]}x{self.size[1]}, these are "
                f"{width}x{height}: build a reference with this camera"
            )

    def save(self, path: Path) -> None:
        """Writes one file, atomically."""
        names = ("descriptors", "stamps", "numbers", "offsets", "pictures")
        array_file.write(REFERENCE, path, self.facts, {name: getattr(self, name) for name in names})

    @staticmethod
    def is_one(path: Path) -> bool:
        """Whether a file says that it is a reference, by its suffix or by how it begins."""
        return path.is_file() and (path.suffix == SUFFIX or array_file.is_of(REFERENCE, path))

    @classmethod
    def load(cls, path: Path) -> Reference:
        """The reference of a file; pictures stay on the disk until they are wanted.

        Raises InputError on a file that is none, of another version, truncated or damaged.
        """
        facts, arrays = array_file.read(REFERENCE, path, in_memory=False)
        made = cls(**arrays, facts={k: v for k, v in facts.items() if k != "arrays"})
        if not _is_sound(made):
            raise InputError(f"{path} has contents that cannot be: build it anew")
        return made


def build_reference(
    frames: Iterable[Frame],
    describe: Callable[[ImageArray], FloatArray],
    facts: Mapping[str, Any],
    progress: Callable[[], None] | None = None,
) -> Reference:
    """The reference of a recording's frames, by what `describe`s an image: (d,) float32.

    Frames whose stamps do not go forward are left out. Pictures go to a temporary file as they
    come. Raises InputError where there are fewer than eight frames, where their sizes differ, or
    where there is no room for the pictures.
    """
    descriptors: list[FloatArray] = []
    stamps: list[int] = []
    numbers: list[int] = []
    pictures = _Pictures()
    size: tuple[int, int] | None = None
    for frame in frames:
        height, width = frame.image.shape[:2]
        size = size or (width, height)
        if size != (width, height):
            raise InputError(
                f"frame {frame.number} is {width}x{height}, the first one {size[0]}x{size[1]}: a "
                "reference is of one camera"
            )
        if stamps and frame.stamp_ns <= stamps[-1]:
            continue
        descriptors.append(describe(frame.image))
        pictures.add(_jpeg(frame.image))
        stamps.append(frame.stamp_ns)
        numbers.append(frame.number)
        if progress is not None:
            progress()
    if len(stamps) < LEAST_FRAMES:
        raise InputError(
            f"there are {len(stamps)} frames: a reference needs {LEAST_FRAMES} at least, record "
            "more"
        )
    return Reference(
        np.stack(descriptors).astype(np.float32),
        np.array(stamps, np.int64),
        np.array(numbers, np.int64),
        np.array(pictures.offsets, np.int64),
        pictures.mapped(),
        {**facts, "size": list(size or (0, 0))},
    )


class _Pictures:
    """Pictures one after the other in a temporary file, which goes with the last that maps it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (it is mapped later)
        self.offsets = [0]

    def add(self, content: bytes) -> None:
        """One more; raises InputError where there is no room for it."""
        try:
            self._file.write(content)
            self._file.flush()
        except OSError as error:
            raise InputError(
                f"cannot keep the pictures in {tempfile.gettempdir()} ({error.strerror or error}): "
                "set the environment variable TMPDIR to a folder with room"
            ) from error
        self.offsets.append(self.offsets[-1] + len(content))

    def mapped(self) -> NDArray[np.uint8]:
        """All of them, as bytes that stay on the disk."""
        return np.memmap(self._file, np.uint8, "r")


def _jpeg(image: ImageArray) -> bytes:
    if image.dtype != np.uint8:
        image = (image >> 8).astype(np.uint8)
    width = min(_WIDEST, image.shape[1])
    if width < image.shape[1]:
        height = round(image.shape[0] * width / image.shape[1])
        smaller = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        image = np.asarray(smaller, np.uint8)
    done, content = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    assert done
    return bytes(content.tobytes())


def _is_sound(made: Reference) -> bool:
    count, size = len(made.stamps), made.facts.get("size")
    whole = (
        count >= LEAST_FRAMES
        and made.descriptors.shape[0] == len(made.numbers) == len(made.offsets) - 1 == count
        and isinstance(size, list)
        and len(size) == 2
        and all(isinstance(side, int) and side > 0 for side in size)
        and isinstance(made.facts.get("method"), str)
    )
    if not whole or made.offsets[0] != 0 or made.offsets[-1] != len(made.pictures):
        return False
    lengths = np.linalg.norm(made.descriptors, axis=1)
    return bool(
        np.all(np.diff(made.stamps) > 0)
        and np.all(np.diff(made.offsets) >= 0)
        and np.all(np.abs(lengths - 1.0) < _UNIT_TOLERANCE)
    )
