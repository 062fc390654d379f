from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.capture.stamp_order import Order, StampOrder

SECOND = 1_000_000_000


def orders(*stamps_s, order=None):
    order = order or StampOrder(1.0)
    return [order.take(round(stamp * SECOND)) for stamp in stamps_s]


def test_stamps_that_grow_are_next_and_others_are_named():
    assert orders(10, 11, 11, 10.5, 12, 5, 5.1, 5.1) == [
        Order.NEXT, Order.NEXT, Order.REPEATED, Order.LATE, Order.NEXT, Order.JUMP, Order.NEXT,
        Order.REPEATED,
    ]  # fmt: skip


def test_after_a_reset_any_stamp_is_the_first():
    order = StampOrder()
    order.take(100 * SECOND)
    order.reset()
    assert order.take(1) is Order.NEXT
    assert order.newest_ns == 1


def test_one_stamp_from_the_future_is_left_out_and_counted():
    order = StampOrder(1.0)
    found = orders(10, 10.1, 5000, 10.2, 10.3, order=order)
    assert found == [Order.NEXT, Order.NEXT, Order.AHEAD, Order.NEXT, Order.NEXT]
    assert order.from_future == 1
    assert order.newest_ns == round(10.3 * SECOND)


def test_a_stream_that_goes_on_after_a_pause_is_followed():
    order = StampOrder(1.0)
    assert orders(10, 10.1, 60, 60.1, 60.2, order=order)[2:] == [
        Order.AHEAD, Order.NEXT, Order.NEXT,
    ]  # fmt: skip
    assert order.from_future == 0


def test_a_slow_stream_is_not_ahead_of_itself():
    assert orders(0, 5, 10, 15, 20, 35)[2:] == [Order.NEXT] * 4


def test_a_stream_at_an_uneven_pace_loses_nothing_once_its_pace_is_known():
    found = orders(0, 9, 12, 21, 23, 32, 34, 50)
    assert found[3:] == [Order.NEXT] * 5


def test_what_was_a_pause_is_told():
    order = StampOrder(1.0)
    told = []
    for stamp in (10, 10.1, 60, 60.1, 60.2):
        order.take(round(stamp * SECOND))
        told.append(order.resumed)
    assert told == [False, False, False, True, False]


def test_two_clocks_on_one_stream_do_not_replace_each_other():
    order = StampOrder(1.0)
    assert orders(10, 500, 10.1, 500.1, 10.2, order=order) == [
        Order.NEXT, Order.AHEAD, Order.NEXT, Order.AHEAD, Order.NEXT,
    ]  # fmt: skip
    assert order.from_future == 2


@given(st.lists(st.integers(0, 10 * SECOND)))
def test_what_is_next_or_a_jump_is_the_newest(stamps):
    order = StampOrder(1.0)
    for stamp in stamps:
        before = order.newest_ns
        taken = order.take(stamp)
        if taken in (Order.NEXT, Order.JUMP):
            assert order.newest_ns == stamp
        else:
            assert order.newest_ns == before
