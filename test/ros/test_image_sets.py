"""Images of several topics become sets; what has no set is counted."""

import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import Image

from ddff_perception.ros import messages
from ddff_perception.ros.image_sets import ImageSets

NAMES = ("image_a", "image_b", "image_c")
MS = 1_000_000


class Sets:
    """An `ImageSets` with what it gave, in milliseconds."""

    def __init__(self, slop_s=0.005, queue_size=4):
        self.joined = []
        self.lost = {}
        self.sets = ImageSets(
            NAMES, self.take, self.drop, queue_size=queue_size, slop_s=slop_s, time_jump_s=1.0
        )

    def take(self, *images):
        self.joined.append([messages.stamp_ns(image.header.stamp) // MS for image in images])

    def drop(self, reason, count):
        self.lost[reason] = self.lost.get(reason, 0) + count

    def add(self, name, milliseconds):
        self.sets.add(name, Image(header=messages.header_at(milliseconds * MS, "")))

    def all(self, milliseconds):
        for name in NAMES:
            self.add(name, milliseconds)


@pytest.mark.parametrize("slop_s", [0.0, 0.005])
def test_images_of_one_stamp_are_a_set(slop_s):
    run = Sets(slop_s)
    run.all(100)
    run.all(200)
    assert run.joined == [[100] * 3, [200] * 3]
    assert sum(run.lost.values()) == 0


def test_stamps_within_the_slop_are_a_set_in_the_order_of_the_topics():
    run = Sets()
    for name, stamp in (("image_c", 102), ("image_a", 100), ("image_b", 103)):
        run.add(name, stamp)
    assert run.joined == [[100, 103, 102]]


def test_one_lost_frame_costs_one_set_and_is_counted():
    run = Sets()
    run.all(100)
    run.add("image_a", 200)
    run.add("image_c", 200)
    run.all(300)
    assert run.joined == [[100] * 3, [300] * 3]
    assert run.lost["no images of the same instant"] == 2


def test_a_topic_that_gives_nothing_costs_the_images_of_the_others():
    run = Sets()
    for stamp in range(100, 700, 100):
        run.add("image_a", stamp)
        run.add("image_b", stamp)
    assert run.lost["no images of the same instant"] == 4


def test_repeated_stamps_are_dropped():
    run = Sets()
    run.all(100)
    run.add("image_a", 100)
    assert run.lost["stamp repeated"] == 1
    run.all(200)
    assert run.joined == [[100] * 3, [200] * 3]


@pytest.mark.parametrize("slop_s", [0.0, 0.005])
def test_stamps_that_jump_back_join_again_even_where_later_ones_filled_the_queue(slop_s):
    run = Sets(slop_s)
    for stamp in range(90_000, 91_000, 100):
        run.add("image_a", stamp)
        run.add("image_b", stamp)
    run.all(100)
    run.all(200)
    assert run.joined[-1] == [200] * 3
