from ddff_perception.evaluation.stamp_join import StampJoin


def pairs(joined) -> list:
    return [(j.stamp_ns, j.item, j.others) for j in joined]


def test_items_of_one_stamp_meet_whichever_comes_first() -> None:
    join = StampJoin(["truth"])
    assert pairs(join.add(1, "a")) == []
    assert pairs(join.add_other("truth", 1, "A")) == [(1, "a", {"truth": "A"})]
    assert pairs(join.add_other("truth", 2, "B")) == []
    assert pairs(join.add(2, "b")) == [(2, "b", {"truth": "B"})]


def test_an_item_waits_for_every_stream_or_until_it_has_gone_past() -> None:
    join = StampJoin(["truth", "confidence"])
    list(join.add(1, "a"))
    assert pairs(join.add_other("truth", 1, "A")) == []
    assert pairs(join.add_other("confidence", 2, "?")) == [
        (1, "a", {"truth": "A", "confidence": None})
    ]


def test_a_holding_stream_says_the_newest_before() -> None:
    join = StampJoin(["truth"], holding=["truth"])
    for stamp, item in ((1, "A"), (5, "B"), (9, "C")):
        assert pairs(join.add_other("truth", stamp, item)) == []
    assert pairs(join.add(6, "b")) == [(6, "b", {"truth": "B"})]
    assert pairs(join.add(0, "a")) == [(0, "a", {"truth": "A"})]
    assert pairs(join.add(10, "c")) == []
    assert pairs(join.flush()) == [(10, "c", {"truth": "C"})]


def test_the_nearest_within_the_tolerance_is_taken() -> None:
    join = StampJoin(["truth"], tolerance_ns=3)
    for stamp, item in ((10, "A"), (14, "B"), (30, "C")):
        list(join.add_other("truth", stamp, item))
    assert pairs(join.add(13, "b")) == [(13, "b", {"truth": "B"})]
    assert pairs(join.add(18, "?")) == [(18, "?", {"truth": None})]


def test_waiting_is_bounded_and_order_is_kept() -> None:
    join = StampJoin(["truth"], capacity=3)
    given = [j.stamp_ns for stamp in range(10) for j in join.add(stamp, None)]
    assert given == list(range(7))
    assert [j.stamp_ns for j in join.flush()] == [7, 8, 9]
    assert pairs(join.flush()) == []


def test_what_is_kept_of_other_streams_is_bounded() -> None:
    join = StampJoin(["truth"], capacity=3)
    for stamp in range(10):
        list(join.add_other("truth", stamp, stamp))
    assert pairs(join.add(2, "old")) == [(2, "old", {"truth": None})]
    assert pairs(join.add(8, "new")) == [(8, "new", {"truth": 8})]
