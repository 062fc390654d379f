"""Behaviour of message_filters that the package relies on.

The same tests hold for the ROS package and for the stand-in of the pip environment.
"""

import time
from types import SimpleNamespace

import pytest
from message_filters import (
    Cache,
    SimpleFilter,
    Subscriber,
    TimeSynchronizer,
)
from rclpy.clock import ROSClock
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image
from stamped_messages import at, ros_time

# --- SimpleFilter, Subscriber ---------------------------------------------------------------


def test_callbacks_get_the_messages_then_their_own_arguments_in_order_of_registration():
    source, calls = SimpleFilter(), []
    first = source.registerCallback(lambda *args: calls.append(args), "first", 1)
    second = source.registerCallback(lambda *args: calls.append(args))
    source.signalMessage("a", "b")
    assert calls == [("a", "b", "first", 1), ("a", "b")]
    assert first != second


class FakeNode:
    def __init__(self):
        self.calls = []

    def create_subscription(self, msg_type, topic, callback, qos_profile, **options):
        self.calls.append(SimpleNamespace(**locals()))
        return SimpleNamespace(topic_name=f"/camera/{topic}")


def test_subscriber_subscribes_with_a_depth_of_ten_unless_told_otherwise():
    node = FakeNode()
    Subscriber(node, Image, "image")
    Subscriber(node, Image, "image", qos_profile=qos_profile_sensor_data, callback_group="group")
    plain, chosen = node.calls
    assert (plain.msg_type, plain.topic, plain.qos_profile) == (Image, "image", 10)
    assert chosen.qos_profile is qos_profile_sensor_data
    assert chosen.options == {"callback_group": "group"}


def test_subscriber_passes_messages_on_and_answers_for_its_subscription():
    node, got = FakeNode(), []
    subscriber = Subscriber(node, Image, "image")
    subscriber.registerCallback(got.append)
    node.calls[0].callback("message")
    assert got == ["message"]
    assert subscriber.getTopic() == "image"
    assert subscriber.sub.topic_name == subscriber.topic_name == "/camera/image"
    with pytest.raises(AttributeError):
        _ = subscriber.no_such_attribute


# --- Cache ----------------------------------------------------------------------------------


def filled_cache(size, stamps):
    source = SimpleFilter()
    cache = Cache(source, size)
    for stamp in stamps:
        source.signalMessage(at(stamp))
    return cache


def test_cache_keeps_the_newest_messages_and_one_by_default():
    cache = filled_cache(3, [0, 10, 20, 30, 40])
    assert [m.ms for m in cache.getInterval(ros_time(0), ros_time(100))] == [20, 30, 40]
    assert cache.getOldestTime() == ros_time(20)
    assert cache.getLastestTime() == ros_time(40)
    assert cache.getLast().ms == 40

    source = SimpleFilter()
    single = Cache(source)
    for stamp in (0, 10):
        source.signalMessage(at(stamp))
    assert [m.ms for m in single.getInterval(ros_time(0), ros_time(100))] == [10]


def test_cache_interval_includes_both_ends():
    cache = filled_cache(10, [0, 10, 20, 30])
    assert [m.ms for m in cache.getInterval(ros_time(10), ros_time(20))] == [10, 20]
    assert cache.getInterval(ros_time(11), ros_time(19)) == []
    with pytest.raises(AssertionError):
        cache.getInterval(ros_time(2), ros_time(1))


@pytest.mark.parametrize(
    ("stamp", "before", "after"), [(10, 10, 10), (15, 10, 20), (2, None, 5), (35, 30, None)]
)
def test_cache_finds_the_neighbours_of_a_stamp(stamp, before, after):
    cache = filled_cache(10, [5, 10, 20, 30])
    found_before = cache.getElemBeforeTime(ros_time(stamp))
    found_after = cache.getElemAfterTime(ros_time(stamp))
    assert (found_before and found_before.ms) == before
    assert (found_after and found_after.ms) == after


def test_empty_cache_answers_none():
    cache = filled_cache(10, [])
    assert cache.getLast() is None
    assert cache.getLastestTime() is None
    assert cache.getOldestTime() is None
    assert cache.getElemAfterTime(ros_time(0)) is None
    assert cache.getElemBeforeTime(ros_time(0)) is None
    assert cache.getInterval(ros_time(0), ros_time(1)) == []


def test_cache_passes_each_message_on_after_storing_it():
    source, seen = SimpleFilter(), []
    cache = Cache(source, 2)
    cache.registerCallback(lambda message: seen.append((message.ms, cache.getLast().ms)))
    for stamp in (0, 10):
        source.signalMessage(at(stamp))
    assert seen == [(0, 0), (10, 10)]


def test_cache_drops_messages_without_a_stamp():
    source, seen = SimpleFilter(), []
    cache = Cache(source, 2)
    cache.registerCallback(seen.append)
    source.signalMessage(SimpleNamespace(data=1))
    assert (cache.getLast(), seen) == (None, [])


def test_cache_may_stamp_messages_on_arrival():
    source = SimpleFilter()
    cache = Cache(source, 2, allow_headerless=True)
    start = ROSClock().now()
    source.signalMessage("message")
    assert cache.getInterval(start, ROSClock().now()) == ["message"]


def test_cache_accepts_rclpy_times_as_stamps():
    source = SimpleFilter()
    cache = Cache(source, 2)
    source.signalMessage(SimpleNamespace(header=SimpleNamespace(stamp=ros_time(7))))
    assert cache.getLastestTime() == ros_time(7)


# --- over real DDS --------------------------------------------------------------------------


@pytest.mark.ros
def test_image_and_camera_info_are_synchronised_over_dds():
    context = Context()
    context.init()
    try:
        listener, talker = (Node(name, context=context) for name in ("listener", "talker"))
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(listener)
        image_sub = Subscriber(listener, Image, "image")
        info_sub = Subscriber(listener, CameraInfo, "info", qos_profile=qos_profile_sensor_data)
        synchronizer, sets = TimeSynchronizer([image_sub, info_sub], 10), []
        synchronizer.registerCallback(lambda *messages: sets.append(messages))
        images = talker.create_publisher(Image, "image", 10)
        infos = talker.create_publisher(CameraInfo, "info", 10)

        deadline = time.monotonic() + 60
        while images.get_subscription_count() + infos.get_subscription_count() < 2:
            assert time.monotonic() < deadline, "the subscriptions were not discovered"
            time.sleep(0.01)
        for k in range(5):
            image, info = Image(height=k), CameraInfo(height=k)
            image.header.stamp = info.header.stamp = at(100 * k).header.stamp
            images.publish(image)
            infos.publish(info)
        while len(sets) < 5 and time.monotonic() < deadline:
            executor.spin_once(timeout_sec=0.1)
        assert [(image.height, info.height) for image, info in sets] == [(k, k) for k in range(5)]
        assert [type(m) for m in sets[0]] == [Image, CameraInfo]
        executor.shutdown()
    finally:
        context.try_shutdown()
