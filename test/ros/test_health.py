"""A node that gives nothing says why, within two reports, and that it is well again."""

import pytest

from ddff_perception.ros.health import Causes, Health, Level, Rhythm, changes

PERIOD_S = 1.0
CAUSES = Causes(
    inputs={"image": "start the camera"},
    faults={"invalid": "{count} readings are no use: calibrate"},
    blocks={"dropped: few": "too few slices: sweep"},
)


class Node:
    """A node at 20 messages per second, whose inputs and outputs can be cut."""

    def __init__(self, *, listeners=("depth",), inputs=("image", "state")):
        self.health = Health(CAUSES)
        self.now = 0
        self.inputs, self.sends = set(inputs), True
        self.listeners = listeners
        self.grown, self.rejected = {}, {}
        self.health.expect(inputs, 0)
        self.health.want(True, listeners, 0)
        self.before, self.log = {}, []

    def report(self):
        """One period, then a report."""
        for _ in range(20):
            self.now += 50_000_000
            for topic in self.inputs:
                self.health.arrived(topic, self.now)
            if self.sends:
                for topic in self.listeners:
                    self.health.sent(topic, self.now)
        verdict = self.health.judge(self.now, PERIOD_S, self.grown, self.rejected)
        self.before, fresh, well = changes(self.before, verdict)
        self.log += [problem.text for problem in fresh] + ["well"] * well
        return verdict


def two_reports(node):
    node.report()
    return node.report()


def test_a_node_that_works_is_running():
    verdict = two_reports(Node())
    assert (verdict.level, verdict.sentence) == (Level.OK, "running")


@pytest.mark.parametrize(
    ("stops", "words"),
    [({"image"}, "image: nothing has come for"), ({"state"}, "state: nothing has come for")],
)
def test_an_input_that_stops_is_named_and_the_log_says_it_once(stops, words):
    node = Node()
    node.report()
    node.inputs -= stops
    node.sends = False
    verdict = two_reports(node)
    assert verdict.level is Level.ERROR and words in verdict.sentence
    assert "start the camera" in verdict.sentence or "ros2 topic info" in verdict.sentence
    for _ in range(5):
        node.report()
    assert len(node.log) == 1
    node.inputs |= stops
    node.sends = True
    assert two_reports(node).level is Level.OK
    assert len(node.log) == 2 and node.log[1] == "well"


def test_an_input_that_never_came_is_named():
    node = Node()
    node.inputs, node.sends = {"image"}, False
    verdict = two_reports(node)
    assert "state: nothing has come yet, in 2.0 s" in verdict.sentence
    assert "image:" not in verdict.sentence


def test_what_blocks_is_told_only_while_nothing_comes_out():
    node = Node()
    node.grown = {"dropped: few": 3}
    assert two_reports(node).level is Level.OK
    node.sends = False
    verdict = two_reports(node)
    assert verdict.level is Level.ERROR and "too few slices: sweep" in verdict.sentence


def test_what_is_sent_aside_hides_no_result_that_stops():
    node = Node(listeners=("depth", "stack"))
    node.health.causes = Causes(blocks=CAUSES.blocks, aside=frozenset({"stack"}))
    node.report()
    node.listeners, node.grown = ("stack",), {"dropped: few": 20}  # still sent, and depth is not
    verdict = two_reports(node)
    assert verdict.level is Level.ERROR and "too few slices: sweep" in verdict.sentence


def test_what_is_sent_aside_is_a_result_where_nothing_else_is_wanted():
    node = Node(listeners=("stack",))
    node.health.causes = Causes(aside=frozenset({"stack"}))
    assert two_reports(node).sentence == "running"


def test_a_fault_is_a_warning_while_results_come_and_an_error_while_none_do():
    node = Node()
    node.grown = {"invalid": 4}
    verdict = two_reports(node)
    assert (verdict.level, verdict.sentence) == (Level.WARN, "4 readings are no use: calibrate")
    node.sends = False
    assert two_reports(node).level is Level.ERROR


def test_a_rejected_input_is_told_with_its_reason_and_forgotten_when_it_ends():
    node = Node()
    node.sends = False
    node.rejected = {"image": "bayer is not supported"}
    node.grown = {"rejected: image": 7}
    verdict = two_reports(node)
    assert verdict.level is Level.ERROR and "bayer is not supported (7 x)" in verdict.sentence
    node.rejected, node.grown, node.sends = {}, {}, True
    assert two_reports(node).level is Level.OK


def test_a_node_without_a_known_cause_names_what_it_drops():
    node = Node()
    node.sends = False
    node.grown = {"dropped: odd": 5, "image in": 20}
    assert "5 x dropped: odd" in two_reports(node).sentence
    node.grown = {"image in": 20}
    verdict = two_reports(node)
    assert verdict.level is Level.ERROR and "takes longer" in verdict.sentence


def test_nobody_listens_is_well_and_says_so():
    node = Node(listeners=(), inputs=())
    node.sends = False
    verdict = two_reports(node)
    assert verdict.level is Level.OK and "nobody listens" in verdict.sentence
    assert "no input is subscribed" in verdict.sentence


def test_an_inactive_node_says_so():
    node = Node()
    node.health.want(False, (), 0)
    assert node.health.judge(0, 1.0, {}, {}).sentence.startswith("inactive")


def test_a_node_that_rests_while_somebody_listens_is_inactive_and_not_waited_for():
    node = Node()
    node.report()
    node.health.want(False, ("depth",), node.now)
    node.inputs, node.sends = set(), False
    node.health.expect((), node.now)
    for _ in range(5):
        assert node.report().sentence.startswith("inactive")
    node.health.want(True, ("depth",), node.now)
    node.now += 10_000_000
    verdict = node.health.judge(node.now, PERIOD_S, {}, {})
    assert verdict.level is Level.OK, verdict.sentence


def test_a_condition_lasts_until_it_is_taken_back():
    node = Node()
    node.health.set_condition("lens", "the lens rests")
    assert node.report().sentence == "the lens rests"
    node.health.set_condition("lens", "")
    assert node.report().level is Level.OK


def test_a_listener_that_has_just_come_is_not_kept_waiting_yet():
    node = Node(listeners=())
    node.sends = False
    two_reports(node)
    node.health.want(True, ["depth"], node.now)
    verdict = node.health.judge(node.now + 1, PERIOD_S, {}, {})
    assert (verdict.level, verdict.sentence) == (Level.OK, "waiting for the first result")


def test_events_may_be_silent_and_what_came_regularly_is_missed():
    health = Health(Causes(events=True, idle="no message has come lately"))
    health.expect(["event", "image"], 0)
    health.arrived("event", 0)
    for tenth in range(12):
        health.arrived("image", tenth * 10**8)
    assert health.judge(1_200_000_000, 1.0, {}, {}).sentence == "idle: no message has come lately"
    verdict = health.judge(9 * 10**9, 1.0, {}, {})
    assert "image: nothing" in verdict.sentence and "event" not in verdict.sentence


def test_a_slow_stream_is_late_by_its_own_measure():
    rhythm = Rhythm(0)
    for second in (0, 4, 8, 12):
        rhythm.beat(second * 10**9)
    assert not rhythm.is_late(20 * 10**9, 1.0)
    assert rhythm.is_late(25 * 10**9, 1.0)


def test_one_long_pause_does_not_make_a_stream_slow():
    rhythm = Rhythm(0)
    for tenth in (0, 1, 2, 3, 4, 300, 301, 302):
        rhythm.beat(tenth * 10**8)
    assert rhythm.is_late(302 * 10**8 + 10**9, 1.0)
