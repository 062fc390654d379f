from hypothesis import given
from hypothesis import strategies as st

from ddff_perception.stamp_order import Order, SetBook, StampOrder

SECOND = 1_000_000_000


def test_stamps_that_grow_are_next_and_others_are_named():
    order = StampOrder(1.0)
    stamps = (10, 11, 11, 10.5, 12, 5, 5.1, 5.1)
    found = [order.take(round(stamp * SECOND)) for stamp in stamps]
    assert found == [
        Order.NEXT, Order.NEXT, Order.REPEATED, Order.LATE, Order.NEXT, Order.JUMP, Order.NEXT,
        Order.REPEATED,
    ]  # fmt: skip


def test_after_a_reset_any_stamp_is_the_first():
    order = StampOrder()
    order.take(100 * SECOND)
    order.reset()
    assert order.take(1) is Order.NEXT
    assert order.newest_ns == 1


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


def test_images_that_a_set_leaves_behind_are_lost():
    book = SetBook(3)
    for number, stamp in ((0, 1), (1, 1), (0, 2), (1, 2), (2, 2)):
        assert book.taken(number, stamp) == 0
    assert book.joined([2, 2, 2]) == 2
    assert book.joined([2, 2, 2]) == 0
    assert book.silent() == []


def test_an_input_that_gives_nothing_is_named_when_the_others_waited_long():
    book = SetBook(3, patience=4)
    for stamp in range(4):
        book.taken(0, stamp)
        book.taken(2, stamp)
    assert book.silent() == [1]
    assert book.taken(0, 9) == 1
    book.reset()
    assert book.silent() == []
