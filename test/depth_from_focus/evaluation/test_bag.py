import json
import math
from pathlib import Path

import numpy as np
import pytest
from sweep_stacks import SLICES, sweep_bag, wall

from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.evaluation.bag import SweepRun
from ddff_perception.depth_from_focus.evaluation.bag_report import SweepResult
from ddff_perception.depth_from_focus.pipeline import DepthPipeline
from ddff_perception.evaluation.bag_run import BagSettings
from ddff_perception.files.bags import BagReader, BagWriter
from ddff_perception.files.bags_messages import MessageFactory
from ddff_perception.files.bags_types import FOCAL_STACK, FOCUS_STATE, IMAGE
from ddff_perception.types import FocalStack, FocusSlice, InputError

START = 1_600_000_000_000_000_000
PERIOD = 100_000_000


def evaluate(path: Path, settings: BagSettings | None = None) -> SweepResult:
    with BagReader(path) as bag:
        topics = SweepRun.find(bag.topics, {}, {})
        return SweepRun(bag, topics, DepthPipeline(), settings).run()


def numbers(evaluation: SweepResult) -> str:
    content = evaluation.to_json()
    assert content.pop("timings_ms")["solve"]["median"] > 0
    return json.dumps(content)


@pytest.mark.parametrize(("storage", "compress"), [("mcap", False), ("sqlite3", True)])
def test_the_same_sweep_gives_the_same_numbers_every_time(
    tmp_path: Path, storage: str, compress: bool
) -> None:
    first = evaluate(sweep_bag(tmp_path / "one", moving_frames=1))
    again = evaluate(tmp_path / "one")
    other = evaluate(sweep_bag(tmp_path / "two", storage, compress, moving_frames=1))
    assert numbers(first) == numbers(again) == numbers(other)
    np.testing.assert_array_equal(first.last.depth, other.last.depth)


def test_a_bag_gives_what_the_estimator_gives_of_its_stack(tmp_path: Path) -> None:
    stack, truth = wall()
    result = evaluate(sweep_bag(tmp_path / "bag", sweeps=2))
    expected = DepthFromFocus().process(stack)
    np.testing.assert_allclose(result.last.depth, expected.depth, rtol=1e-5)
    np.testing.assert_array_equal(result.last_truth, truth)
    assert result.camera == stack.camera


def test_the_wall_are_measured(tmp_path: Path) -> None:
    result = evaluate(sweep_bag(tmp_path / "bag", sweeps=3))
    assert result.slices == SLICES
    # Ping-pong: 5 frames, 3 on the way back, 5 again; the first alone is no sweep.
    assert result.estimates == 12
    scored = result.against_truth
    assert scored.images == 9
    error = scored.scores("covered", "dioptres").mae
    assert error < 0.2 * scored.scores("best_constant", "dioptres").mae


def test_images_that_are_missing_and_frames_of_a_moving_lens_are_counted(tmp_path: Path) -> None:
    bag = sweep_bag(tmp_path / "bag", sweeps=10, moving_frames=2, drop=0.2, rate_hz=20.0)
    result = evaluate(bag)
    frames = result.gaps["/camera/focus_state"].count
    images = result.gaps["/camera/image_rect"]
    assert images.period_s == pytest.approx(0.05)
    # What is missing at the very end cannot be known.
    assert 0 <= frames - images.count - images.missing <= 2
    assert images.missing > 0.1 * frames
    assert result.counters["dropped_moving"] > 0.5 * images.count
    assert result.counters["images_used"] + result.counters["dropped_moving"] == images.count


def with_recorded_depth(path: Path, factor: float) -> Path:
    """A sweep whose recorded depth is the truth times `factor`, without its first frame."""
    stack, truth = wall()
    with BagWriter(path) as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/focus_state", FOCUS_STATE)
        for name in ("/image_rect", "/truth/depth", "/depth/image_rect", "/depth/confidence"):
            bag.add_topic(name, IMAGE)
        for number in range(3 * SLICES):
            item = stack.slices[number % SLICES]
            stamp = START + number * PERIOD
            state = messages.focus_state(stamp, item.focus_distance_m)
            bag.write("/focus_state", stamp, state)
            bag.write("/image_rect", stamp, messages.image(stamp, item.image))
            bag.write("/truth/depth", stamp, messages.image(stamp, truth))
            if number:
                late = stamp + PERIOD // 2
                depth = (truth * np.float32(factor)).astype(np.float32)
                bag.write("/depth/image_rect", late, messages.image(stamp, depth))
                confidence = np.full(truth.shape, 0.75, np.float32)
                bag.write("/depth/confidence", late, messages.image(stamp, confidence))
    return path


def test_depth_that_was_recorded_is_scored_beside(tmp_path: Path) -> None:
    result = evaluate(with_recorded_depth(tmp_path / "bag", 1.25))
    live = result.recorded_against_truth
    assert live.images == 11  # of 15 frames those after the first sweep, by the offline stack
    assert live.scores("covered", "depth").abs_rel == pytest.approx(0.25, rel=1e-5)
    assert live.reliability() is not None
    offline = result.against_recorded.scores("covered", "depth").abs_rel
    assert offline == pytest.approx(0.2, abs=0.03)  # 1 against 1.25


def test_fewer_estimates_on_demand(tmp_path: Path) -> None:
    sweep_bag(tmp_path / "bag", sweeps=3)
    assert evaluate(tmp_path / "bag", BagSettings(every=4)).estimates == 3
    with pytest.raises(InputError, match="every"):
        BagSettings(every=0)


def test_truth_that_was_sent_once_holds_for_all_images(tmp_path: Path) -> None:
    stack, truth = wall()
    with BagWriter(tmp_path / "bag") as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/focus_state", FOCUS_STATE)
        bag.add_topic("/image_rect", IMAGE)
        bag.add_topic("/ground_truth/depth", IMAGE)
        millimetres = (truth * 1000).astype(np.uint16)
        bag.write("/ground_truth/depth", START, messages.image(START, millimetres, "16UC1"))
        for number in range(2 * SLICES):
            item, stamp = stack.slices[number % SLICES], START + number * PERIOD
            bag.write("/focus_state", stamp, messages.focus_state(stamp, item.focus_distance_m))
            bag.write("/image_rect", stamp, messages.image(stamp, item.image))
    result = evaluate(tmp_path / "bag")
    assert result.against_truth.images == SLICES + 1


def test_whole_focal_stacks_are_evaluated_too(tmp_path: Path) -> None:
    stack, _ = wall()
    slices = [
        FocusSlice(s.image, s.focus_distance_m, START + n) for n, s in enumerate(stack.slices)
    ]
    with BagWriter(tmp_path / "bag") as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/focal_stack", FOCAL_STACK)
        message = messages.focal_stack(FocalStack(tuple(slices), stack.camera))
        bag.write("/focal_stack", START, message)
    result = evaluate(tmp_path / "bag")
    assert result.estimates == 1
    np.testing.assert_array_equal(result.last.depth, DepthFromFocus().process(stack).depth)


def test_unknown_distances_give_relative_depth_that_is_not_scored(tmp_path: Path) -> None:
    path = with_recorded_depth(tmp_path / "bag", 1.0)
    with BagReader(path) as bag:
        pipeline = DepthPipeline(capture={"allow_unknown": True})
        pipeline.add_focus_as_given = pipeline.add_focus
        pipeline.add_focus = lambda stamp, distance, position, settled: pipeline.add_focus_as_given(
            stamp, math.nan, 1.0 / distance, settled
        )
        result = SweepRun(bag, SweepRun.find(bag.topics, {}, {}), pipeline).run()
    assert result.last.relative
    assert result.against_truth is None


def test_messages_that_cannot_be_used_are_counted_by_reason(tmp_path: Path) -> None:
    stack, _ = wall()
    with BagWriter(tmp_path / "bag") as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/focus_state", FOCUS_STATE)
        bag.add_topic("/image_rect", IMAGE)
        for number in range(2 * SLICES):
            item, stamp = stack.slices[number % SLICES], START + number * PERIOD
            bag.write("/focus_state", stamp, messages.focus_state(stamp, item.focus_distance_m))
            image = messages.image(stamp, item.image)
            if number == 3:
                image.encoding = "nonsense"
            bag.write("/image_rect", stamp, image)
    result = evaluate(tmp_path / "bag")
    ((reason, count),) = result.unusable.items()
    assert count == 1
    assert reason.startswith("image: ") and "nonsense" in reason
    assert result.slices == SLICES


def test_a_cut_recording_is_evaluated_as_far_as_it_goes(tmp_path: Path) -> None:
    path = sweep_bag(tmp_path / "bag", sweeps=20, rate_hz=30.0)
    whole = evaluate(path)
    (file,) = path.glob("*.mcap")
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    result = evaluate(cut)
    assert 0.3 * whole.messages < result.messages < 0.6 * whole.messages
    assert result.damage
    assert result.against_truth.scores().mae == pytest.approx(whole.against_truth.scores().mae, 0.2)


def test_a_sweep_without_a_readable_image_says_why(tmp_path: Path) -> None:
    with BagWriter(tmp_path / "bag") as bag:
        messages = MessageFactory(bag.store, "camera")
        bag.add_topic("/focus_state", FOCUS_STATE)
        bag.add_topic("/image_rect", IMAGE)
        stack, _ = wall()
        for number, item in enumerate(stack.slices):
            stamp = START + number * PERIOD
            moving = messages.focus_state(stamp, item.focus_distance_m, settled=False)
            bag.write("/focus_state", stamp, moving)
            bag.write("/image_rect", stamp, messages.image(stamp, item.image))
    with pytest.raises(InputError, match="5 images moving"):
        evaluate(tmp_path / "bag")
