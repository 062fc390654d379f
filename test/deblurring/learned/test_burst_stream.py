"""BurstStream at run time: each frame encoded once, any size, depth and colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "onnxruntime"):
    pytest.importorskip(package)

from bursts import STEP_NS, shaken, wide_picture
from stream_network import write_stream_network

from ddff_perception.deblurring.learned.burst_stream import network_images
from ddff_perception.deblurring.pipeline import DeblurringPipeline
from ddff_perception.optics.srgb import srgb_bytes
from ddff_perception.types import InputError

IMAGES = [np.ascontiguousarray(image[:96, :120]) for image, _ in shaken()[0]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_stream_network(tmp_path_factory.mktemp("stream"))


def pipeline(model: str, **values) -> DeblurringPipeline:
    given = {"capture.sharp_below": 0.0, "capture.frames": 5, "burst_stream.model": model}
    return DeblurringPipeline({"method": "burst_stream", **given, **values})


def results(stream: DeblurringPipeline, images, every: bool = True):
    found = []
    for number, image in enumerate(images):
        stream.add_image((number + 1) * STEP_NS, image)
        if every or number == len(images) - 1:
            found.append(stream.estimate())
    return found


def test_streaming_gives_what_the_whole_burst_gives_and_one_frame_is_enough(model: str) -> None:
    streamed = results(pipeline(model), IMAGES)
    whole = results(pipeline(model), IMAGES, every=False)[-1]
    assert [len(r.image.blur) for r in streamed] == [1, 2, 3, 4, 5]
    difference = streamed[-1].found.image.astype(int) - whole.found.image
    assert np.abs(difference).max() <= 1
    alone = results(pipeline(model), IMAGES[-1:])[-1]
    assert np.abs(streamed[-1].found.image.astype(int) - alone.found.image).max() > 1


def test_each_frame_is_encoded_once(model: str) -> None:
    stream = pipeline(model)
    encoder = stream.engines.get(0)
    runs = []
    run = encoder.run
    encoder.run = lambda feeds: runs.append(1) or run(feeds)
    results(stream, IMAGES)
    assert len(runs) == len(IMAGES)


def test_a_network_that_changes_nothing_hands_on_what_accumulation_makes(tmp_path: Path) -> None:
    same = write_stream_network(tmp_path, change=0.0)
    colour = IMAGES[0][:61, :75]
    for image in (colour, colour[..., 1], colour.astype(np.uint16) * 257):
        found = results(pipeline(same), [image, image])[-1].found
        assert (found.image.shape, found.image.dtype) == (image.shape, image.dtype)
        np.testing.assert_allclose(found.image, image, atol=1 if image.dtype == np.uint8 else 2)
        assert found.confidence is not None and found.confidence.shape == image.shape[:2]


def test_a_cut_and_another_size_begin_anew(model: str) -> None:
    other = srgb_bytes(wide_picture(9)[:96, :120])
    for last in (other, IMAGES[0][:80]):
        after = results(pipeline(model), [*IMAGES[:2], last])[-1]
        alone = results(pipeline(model), [last])[-1]
        assert len(after.image.blur) == 1
        np.testing.assert_array_equal(after.found.image, alone.found.image)


def test_frames_that_were_darker_are_taken_as_bright_as_the_newest(model: str) -> None:
    dim = [(image * 0.8).astype(np.uint8) for image in IMAGES[:2]]
    found, usual = (
        results(pipeline(model), [*frames, IMAGES[2]])[-1].found.image.astype(int)
        for frames in (dim, IMAGES[:2])
    )
    alone = results(pipeline(model), IMAGES[2:3])[-1].found.image.astype(int)
    assert np.abs(found - usual).mean() < 0.5 * np.abs(alone - usual).mean()


def test_images_are_enlarged_at_their_border() -> None:
    image = IMAGES[0][:33, :41]
    planes = network_images([image])
    assert planes.shape == (1, 3, 40, 48) and planes.dtype == np.float32
    np.testing.assert_array_equal(planes[0, :, 39, 47], planes[0, :, 32, 40])
    assert network_images([image[:, :, 0]]).shape == (1, 3, 40, 48)


def test_a_network_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no model"):
        pipeline(str(tmp_path / "mine"))
