"""What every node shares: lifecycle with logged failures, lazy inputs, diagnostics, clean exit."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import rclpy
from numpy.typing import NDArray
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter as RosParameter
from std_msgs.msg import Header

from ..memory import FOR_FRAMES, keep_freed_memory
from ..parameters import Value
from ..pipeline import Change
from ..types import InputError
from .bond import Bond, end
from .diagnostics import LOG_PERIOD_S, Diagnostics, DiagnosticsPublisher, Throttle
from .health import Causes
from .inputs import Callback, Inputs
from .interface import NodeInterface, Topic, message_class
from .messages import image_message
from .parameters import NodeParameters
from .preparation import Preparation
from .qos import PROFILES, UnsupportedEventTypeError, check_overrides, overrides, publisher_events

POLL_PERIOD_S = 0.5
"""How often subscribers are counted where the middleware does not announce them."""


class PerceptionNode(LifecycleNode):
    """A node made from a `NodeInterface`; a capability fills in the hooks below.

    Outputs exist from configure to cleanup. Inputs are subscribed while the node is active and,
    with the parameter `lazy`, somebody listens to an output.
    """

    interface: ClassVar[NodeInterface]
    """What it offers."""
    causes = Causes()
    """What the counters of this kind of node mean, for its diagnostics."""

    def __init__(self, **node_arguments: Any) -> None:
        super().__init__(self.interface.name, **node_arguments)
        # rclpy has no public list of what was given at start.
        given = getattr(self, "_parameter_overrides", {})
        check_overrides({name: parameter.value for name, parameter in given.items()})
        self.diagnostics = Diagnostics(causes=self.causes)
        self._throttle = Throttle(LOG_PERIOD_S)
        self._outputs: dict[str, Any] = {}
        self._inputs = Inputs(self, self._report_mismatch)
        self._active = False
        self._poll: Any = None
        self._started = False
        self.preparation = Preparation(self)
        self.settings = NodeParameters(
            self, self.interface.parameters, self._check_values, self._apply_values
        )
        self._started = True
        self._bond = Bond.of(self)
        self.preparation.serve()
        self.settings.warn_of_unknown(
            self.resolve_topic_name(topic.name) for topic in (*self.inputs(), *self.outputs())
        )
        self.reporter = DiagnosticsPublisher(self, self.diagnostics, self.settings.values)
        self.reporter.before_report(self._tell_demand)
        backwards = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1))
        self._jumps = self.get_clock().create_jump_callback(
            backwards, post_callback=self._on_time_jump
        )

    # Hooks. They raise InputError where the user can mend it.

    def check_values(self, values: Mapping[str, Value]) -> None:
        """Refuses values that contradict each other; without side effects."""

    def prepare_values(self, values: Mapping[str, Value]) -> Change:
        """Makes aside what changed values need, so that they are refused where it cannot be made;
        in a thread of its own, while the node goes on.
        """
        return Change()

    def values_changed(self, changed: frozenset[str]) -> None:
        """Takes over parameters that changed while the node runs."""

    def configure(self) -> None:
        """Gets ready; outputs exist."""

    def activate(self) -> None:
        """Starts to work; inputs are subscribed right after."""

    def deactivate(self) -> None:
        """Stops to work; inputs are gone."""

    def cleanup(self) -> None:
        """Frees what `configure` took."""

    def time_jumped_back(self) -> None:
        """The node's clock went back (a bag that loops): forget what came before."""

    def callbacks(self) -> Mapping[str, Callback]:
        """What is called with each input's messages, by topic name."""
        return {}

    def inputs(self) -> Sequence[Topic]:
        """The inputs in the mode that the parameters choose."""
        return self.interface.inputs

    def outputs(self) -> Sequence[Topic]:
        """The outputs in the mode that the parameters choose."""
        return self.interface.outputs

    # For the hooks.

    def wanted(self, name: str) -> bool:
        """Whether anybody listens to this output."""
        return self.subscribers(name) > 0

    def demanded(self) -> list[str]:
        """The outputs that somebody listens to, but for what is said once."""
        said_once = {topic.name for topic in self.outputs() if topic.qos == "latched"}
        return [name for name in self._outputs if name not in said_once and self.wanted(name)]

    def subscribers(self, name: str) -> int:
        """How many listen to this output."""
        publisher = self._outputs.get(name)
        return 0 if publisher is None else int(publisher.get_subscription_count())

    def send(self, name: str, message: Any) -> None:
        """Publishes on an output; ignored while the node is not active."""
        publisher = self._outputs.get(name)
        if publisher is not None and self._active:
            publisher.publish(message)
            self.diagnostics.sent(name)

    def send_image(self, name: str, image: NDArray[Any] | None, header: Header) -> None:
        """Publishes an array as an image, where there is one and somebody listens."""
        if image is not None and self.wanted(name):
            self.send(name, image_message(image, header))

    def reject(self, reason: str, text: str) -> None:
        """Counts an input that cannot be used and says so, the same reason not too often."""
        self.diagnostics.count_rejected(reason, text)
        self.warn_throttled(reason, text)

    def warn_throttled(self, name: str, text: str) -> None:
        """Logs a warning, at most once per `LOG_PERIOD_S` for each `name`."""
        if self._throttle.allows(name):
            self.get_logger().warning(text)

    def create_services(self, callbacks: Mapping[str, Any]) -> None:
        """The services of the interface; each has its own callback group, so that one that takes
        long does not hold up the others.
        """
        for service in self.interface.services:
            self.create_service(
                message_class(service.type),
                service.name,
                callbacks[service.name],
                callback_group=MutuallyExclusiveCallbackGroup(),
            )

    def values_after(self, changes: Sequence[RosParameter]) -> Mapping[str, Value] | None:
        """All values as they will be, None where they stay as they are; raises InputError where
        they do not fit.
        """
        values = self.settings.after(changes)
        self.check_values(values)
        return None if values == self.settings.values else values

    # Lifecycle.

    def start(self) -> bool:
        """Configures and activates if `autostart` says so; False if that failed."""
        if not self.settings["autostart"]:
            return True
        return all(
            step() == TransitionCallbackReturn.SUCCESS
            for step in (self.trigger_configure, self.trigger_activate)
        )

    def stop(self) -> None:
        """Leaves the active state without a lifecycle service; safe to repeat."""
        if self._active:
            self._active = False
            self._bond.part()
            self._inputs.close()
            self.deactivate()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        def work() -> None:
            self._open_outputs()
            try:
                self.configure()
            except BaseException:
                self._close_outputs()
                raise

        return self._transition(
            "configure", work, lambda: super(PerceptionNode, self).on_configure(state)
        )

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        def work() -> None:
            self._active = True
            try:
                self.activate()
            except BaseException:
                self._active = False
                raise
            self._follow_demand()
            self._bond.form()

        return self._transition(
            "activate", work, lambda: super(PerceptionNode, self).on_activate(state)
        )

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition(
            "deactivate", self.stop, lambda: super(PerceptionNode, self).on_deactivate(state)
        )

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition("clean up", self._free)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition("shut down", self._free)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        return self._transition("recover from an error", self._free)

    def destroy_node(self) -> None:
        self.stop()
        super().destroy_node()

    def _transition(
        self,
        name: str,
        work: Callable[[], None],
        publishers: Callable[[], TransitionCallbackReturn] | None = None,
    ) -> TransitionCallbackReturn:
        """Runs a transition; rclpy by itself would swallow an exception without a word."""
        try:
            if publishers is not None:
                publishers()
            work()
        except InputError as error:
            self.get_logger().error(f"cannot {name}: {error}")
            return TransitionCallbackReturn.FAILURE
        except Exception:
            if self.context.ok():
                self.get_logger().error(f"cannot {name}:\n{traceback.format_exc()}")
            return TransitionCallbackReturn.ERROR
        self.get_logger().info(f"{name}: done")
        return TransitionCallbackReturn.SUCCESS

    def _free(self) -> None:
        self.stop()
        self.cleanup()
        self._close_outputs()

    # Topics.

    def _open_outputs(self) -> None:
        for topic in self.outputs():
            self._outputs[topic.name] = self._advertise(topic)

    def _advertise(self, topic: Topic) -> Any:
        name = self.resolve_topic_name(topic.name)

        def create(events: Any) -> Any:
            return self.create_lifecycle_publisher(
                message_class(topic.type),
                topic.name,
                PROFILES[topic.qos](),
                event_callbacks=events,
                qos_overriding_options=overrides(),
            )

        report = self._report_mismatch
        try:
            return create(publisher_events(name, report, self._follow_demand))
        except (TypeError, UnsupportedEventTypeError):
            if self._poll is None:
                steady = Clock(clock_type=ClockType.STEADY_TIME)
                self._poll = self.create_timer(POLL_PERIOD_S, self._follow_demand, clock=steady)
            return create(publisher_events(name, report))

    def _close_outputs(self) -> None:
        for publisher in self._outputs.values():
            self.destroy_lifecycle_publisher(publisher)
        self._outputs.clear()
        if self._poll is not None:
            self.destroy_timer(self._poll)
            self._poll = None

    def _follow_demand(self) -> None:
        """Subscribes to the inputs if they are needed now, and else lets go of them."""
        needed = self._active and (
            not self.settings.values.get("lazy", False) or bool(self.demanded())
        )
        if not needed:
            self._inputs.close()
        elif not self._inputs:
            self._open_inputs()
        else:
            self._inputs.follow_latched()
        self._tell_demand()

    def _tell_demand(self) -> None:
        """Brings what is expected of the node into the diagnostics."""
        self.diagnostics.want(self._active, self.demanded())
        self.diagnostics.expect(self._inputs.expected)

    def _open_inputs(self) -> None:
        """A listener that comes must not end the process: what is wrong is told instead."""
        callbacks = {topic.name: self._arrival(topic.name) for topic in self.inputs()}
        try:
            self._inputs.open(self.inputs(), callbacks)
        except Exception as error:
            self.reject("subscription", f"cannot subscribe to the inputs: {error}")

    def _arrival(self, name: str) -> Callback:
        callback = self.callbacks()[name]

        def arrived(message: Any) -> None:
            self.diagnostics.arrived(name)
            callback(message)

        return arrived

    def _report_mismatch(self, text: str) -> None:
        self.diagnostics.count_rejected("QoS mismatch", text)
        self.get_logger().warning(text)

    def _apply_values(self, values: Mapping[str, Value], changed: frozenset[str]) -> None:
        self.reporter.apply(values)
        try:
            self.values_changed(changed)
        except Exception as error:  # what was accepted must not end the process
            self.reject("parameters", str(error))
        self._follow_demand()

    def _check_values(self, values: Mapping[str, Value]) -> None:
        self.check_values(values)
        # Not for parameters that are not the node's own, as those of the quality of service.
        if self._started and values != self.settings.values:
            self.preparation.check(values)

    def _on_time_jump(self, jump: TimeJump) -> None:
        self.diagnostics.count("time jumps of the clock")
        self.get_logger().warning("the clock went back: starting anew")
        self.time_jumped_back()


def run_node(
    make_node: Callable[[], PerceptionNode], arguments: Sequence[str] | None = None
) -> int:
    """Runs one node until it is told to stop; the exit status of its process.

    2 with one sentence where parameters or input cannot be used; 0 after SIGINT or SIGTERM.
    """
    keep_freed_memory(FOR_FRAMES)
    try:
        rclpy.init(args=list(sys.argv if arguments is None else arguments))
    except RuntimeError as error:
        sys.stderr.write(f"cannot start: {error}\n")
        return 2
    node: PerceptionNode | None = None
    try:
        # Before the node: a signal that comes while an executor is made leaves it half-made.
        executor = SingleThreadedExecutor()
        node = make_node()
        executor.add_node(node)
        if not node.start():
            return 2 if rclpy.ok() else 0
        executor.spin()
    except InputError as error:
        rclpy.logging.get_logger("ddff_perception").fatal(f"cannot start: {error}")
        return 2
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except Exception:
        # What a signal interrupts fails in many ways.
        if rclpy.ok():
            raise
    finally:
        end(node)
    return 0
