"""What every perception node shares: a pipeline, the thread that works with it, and its upkeep."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future as Promise
from concurrent.futures import wait
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from numpy.typing import NDArray
from std_srvs.srv import Trigger

from ..capture.image_sources import ImageSources, Source
from ..capture.set_synchronizer import INCOMPLETE
from ..parameters import Value
from ..pipeline import Change, Pipeline
from ..types import CameraModel, InputError
from . import messages
from .camera import CameraInputs
from .engine_report import EngineReport
from .inputs import CAMERA_INFO, Callback
from .intake import Incoming, Intake
from .lifecycle import PerceptionNode
from .slow_service import SlowServices
from .worker import Worker

P = TypeVar("P", bound=Pipeline)
R = TypeVar("R")
T = TypeVar("T")

# A report is on time, or else as complete as it can be.
_REPORT_WAITS_S = 0.02


class PipelineNode(PerceptionNode, Generic[P, R]):
    """Messages in, a `Pipeline` on its own thread, results `R` out.

    A capability fills in three hooks: `make_pipeline`, `compute`, and `publish` (result to topics);
    where it has more to it also `take` (message to pipeline), `joined`, `waits_for`,
    `engine_needed`, `publish_early`, `look`, `service_callbacks`, and those of `PerceptionNode`.
    Where an `R` has `timings_ms` or `confidence`, the diagnostics tell of them.

    Only the worker's thread touches the pipeline, so that nothing waits for a result: reset, time
    jumps and parameters are handed to it and take effect before the next message. A result of what
    was reset meanwhile is not published.

    Images wait and are taken in together; then there is one result, of the newest. Counted: `no
    room in the work queue` (an image that never entered), `superseded by a newer image` (one
    without a result of its own), `engine not ready` (capture goes on, the result waits). Topics
    with qos `readings` are taken before the images; `sensor_msgs/msg/CameraInfo` is kept in
    `cameras` by topic, that of the results in `camera`.
    """

    early: ClassVar[frozenset[str]] = frozenset()
    """The outputs that need no result: `publish_early` sends them."""
    unpaired: ClassVar[str] = INCOMPLETE
    """Why an image of a set is dropped that others of its instant did not come for."""

    def __init__(self, **node_arguments: Any) -> None:
        self._pipeline: P | None = None
        self._worker: Worker[Incoming] | None = None
        self._slow = SlowServices(self)
        self._intake = Intake(self)
        self._sources = ImageSources()
        self.cameras = CameraInputs(self, self.interface)
        self.camera = self.cameras.first
        self._result: R | None = None
        # Goes up with each reset: what was begun before belongs to what is forgotten.
        self._generation = 0
        self._looked: Promise[None] | None = None
        super().__init__(**node_arguments)
        self._engines = EngineReport(self)
        self.reporter.before_report(self._report)
        self.create_services({"~/reset": self._reset, **self.service_callbacks()})

    # Hooks. Those marked W run on the worker's thread. They raise InputError where the user can
    # mend it.

    def make_pipeline(self, values: Mapping[str, Value]) -> P:
        """The pipeline of these parameters, with its engines made or on their way."""
        raise NotImplementedError

    def take(self, name: str, message: Any) -> bool:
        """W: hands a message of the input `name` to the pipeline; True if that gave it something
        new to work on. An image, unless a capability says otherwise.
        """
        image = messages.slice_image(message)
        self.check_source(name, message)
        return self.pipeline.add_image(messages.stamp_ns(message.header.stamp), image)

    def compute(self, wanted: frozenset[str]) -> R | None:
        """W: the result of the newest input for the outputs that are wanted; None where it is held
        back.
        """
        raise NotImplementedError

    def publish(self, result: R, header: Any) -> None:
        """W: sends a result; `header` has the stamp and the frame of its newest image."""
        raise NotImplementedError

    def joined(self) -> Sequence[str]:
        """The inputs whose images come together, as a tuple of the input `images`, by the
        parameters `sync_queue_size`, `slop_s`, `time_jump_s` and, of two, perhaps `alone_after_s`.
        """
        return ()

    def check_arrival(self, name: str, message: Any) -> None:
        """Refuses an image by its InputError before it waits for others; takes no time."""

    def waits_for(self) -> str:
        """W: why there can be no result yet, for a counter; empty if there can."""
        return ""

    def engine_needed(self, wanted: frozenset[str]) -> bool:
        """W: whether these outputs need the pipeline's engine."""
        return True

    def publish_early(self, header: Any) -> None:
        """W: sends what needs no result, before it is computed."""

    def look(self) -> None:
        """W: brings what the pipeline knows into the diagnostics, before a report."""

    def service_callbacks(self) -> Mapping[str, Any]:
        """Callbacks of the interface's services other than `~/reset`."""
        return {}

    # For the hooks.

    @property
    def pipeline(self) -> P:
        """The pipeline of a configured node."""
        if self._pipeline is None:
            raise InputError("configure the node first")
        return self._pipeline

    @property
    def source(self) -> Source:
        """W: where the image of the next result comes from."""
        return self._sources.at(self.pipeline.newest_stamp_ns)

    def check_source(self, name: str, image: Any) -> None:
        """W: raises InputError where an image that can be used is one of a second camera on the
        topic `name`; where another camera takes over for good, what came before is forgotten.
        """
        header = image.header
        if not self._sources.check(name, header.frame_id, messages.stamp_ns(header.stamp)):
            self.pipeline.reset()

    def send_camera_info(self, name: str, image: NDArray[Any], header: Any) -> CameraModel | None:
        """W: sends the camera_info of images of the size of `image` on the output `name`, and
        returns their camera; each only where it is known.
        """
        height, width = image.shape[:2]
        info, camera = self.camera.of_images(width, height)
        if info is not None:
            self.send(name, messages.with_header(info, header))
        return camera

    def hand_over(self, name: str, message: Any) -> None:
        """Hands a message, or the messages of one instant, to the worker."""
        if self._worker is not None:
            self._worker.put((name, message))

    def wake(self) -> None:
        """Lets the worker look for what else there is to do."""
        if self._worker is not None:
            self._worker.wake()

    def on_worker(self, job: Callable[[], T]) -> Promise[T]:
        """Runs `job` on the worker's thread, before the next message."""
        if self._worker is None:
            raise InputError("configure the node first")
        return self._worker.call(job)

    def forget(self) -> None:
        """Forgets what came; what is being computed of it is not published any more."""
        self._generation += 1
        self._intake.clear()
        worker, pipeline = self._worker, self._pipeline
        if worker is None or pipeline is None:
            return
        self.diagnostics.count_drop("reset", worker.clear())

        def reset() -> None:
            pipeline.reset()
            self._sources.clear()
            self._result = None

        worker.call(reset)

    def slow_service(self, job: Callable[[], object]) -> Any:
        """The callback of a Trigger service that takes long; see `SlowServices.callback`."""
        return self._slow.callback(lambda _request: job())

    # What the base asks for.

    def configure(self) -> None:
        # First: what the engines say while they are made goes to the log.
        self._engines.tell(None)
        pipeline = self.make_pipeline(self.settings.values)
        pipeline.deferred = True
        self._slow.open()
        room = self._room()
        lost = "no room in the work queue" if room > 1 else "superseded by a newer image"
        self._worker = Worker(
            self.interface.name,
            self._work,
            capacity=room,
            failed=self._on_failure,
            dropped=partial(self._intake.lost, lost),
        )
        self._pipeline = pipeline
        self.preparation.begin_again()

    def activate(self) -> None:
        self._intake.join(self.joined())

    def deactivate(self) -> None:
        self._intake.clear()
        if self._worker is not None:
            self._worker.clear()

    def cleanup(self) -> None:
        if self._worker is not None and not self._worker.stop():
            self.get_logger().error("the worker does not stop")
        self._slow.close()
        self._engines.close()
        if self._pipeline is not None:
            self._pipeline.close()
        self._worker = self._pipeline = self._result = None
        self.preparation.begin_again()
        self._intake.clear()
        self._sources.clear()
        self.cameras.forget()

    def destroy_node(self) -> None:
        self.stop()
        self.cleanup()
        super().destroy_node()

    def prepare_values(self, values: Mapping[str, Value]) -> Change:
        pipeline = self._pipeline
        if pipeline is not None:
            return pipeline.prepare(values)
        self.make_pipeline(values).close()
        return Change()

    def values_changed(self, changed: frozenset[str]) -> None:
        pipeline = self._pipeline
        if pipeline is None:
            return
        change = self.preparation.take()

        def apply() -> None:
            try:
                change.apply()
                if pipeline.engines is not None and pipeline.engines.failure is not None:
                    pipeline.engines.load()
            except InputError as error:
                self.reject("parameters", str(error))

        self.on_worker(apply)

    def time_jumped_back(self) -> None:
        self.forget()

    def callbacks(self) -> Mapping[str, Callback]:
        found: dict[str, Callback] = {}
        for topic in self.inputs():
            if topic.type == CAMERA_INFO:
                found[topic.name] = self.cameras[topic.name].take
            elif topic.qos == "readings":
                found[topic.name] = partial(self._intake.reading, topic.name)
            else:
                found[topic.name] = partial(self._intake.image, topic.name)
        return found

    def _room(self) -> int:
        """How many images may wait: of a stream in which each counts, else the newest alone."""
        streams = any(topic.qos == "readings" for topic in self.inputs())
        streams &= "work_queue_size" in self.settings.values
        return int(self.settings["work_queue_size"]) if streams else 1

    # On the worker's thread.

    def _work(self, incoming: list[Incoming]) -> None:
        generation, started = self._generation, time.perf_counter()
        used = 0
        skipped, readings = self._intake.skipped, self._intake.readings
        while skipped:
            self.pipeline.skip(skipped.popleft())
        while readings:
            used += self._take(*readings.popleft())
        for name, message in incoming:
            used += self._take(name, message, image=True)
        wanted = frozenset(self.demanded() if used else ()) - self.early
        if self.engine_needed(wanted) and self._engines.tell(self.pipeline.engines):
            if used:
                self.diagnostics.count_drop("engine not ready", used)
        elif used:
            self._catch_up(used, started)
            self._send_result(wanted, generation)
        elif self._refused(self.pipeline.work_ahead):
            self.wake()

    def _take(self, name: str, message: Any, image: bool = False) -> bool:
        try:
            new = self.take(name, message)
        except InputError as error:
            self.reject(name, f"{name}: {error}")
            return False
        if image:
            images = message if isinstance(message, tuple) else (message,)
            stamp = max(messages.stamp_ns(one.header.stamp) for one in images)
            size = (getattr(images[0], "width", 0), getattr(images[0], "height", 0))
            self._sources.note(stamp, Source(images[0].header.frame_id, size))
        return new

    def _catch_up(self, used: int, started: float) -> None:
        self._refused(self.pipeline.catch_up)
        # What there is no time for is all there is time for as long as there can be no result.
        while self.waits_for():
            if not self._refused(self.pipeline.work_ahead):
                break
        self.diagnostics.stages({"capture": _since(started)})
        self.diagnostics.count_drop("superseded by a newer image", used - 1)

    def _send_result(self, wanted: frozenset[str], generation: int) -> None:
        stamp = self.pipeline.newest_stamp_ns
        if not stamp:
            # All that came is forgotten since.
            return
        header = messages.header_at(stamp, self.source.frame_id)
        self.publish_early(header)
        if not wanted:
            return
        if reason := self.waits_for():
            self.diagnostics.count_drop(reason)
            return
        started = time.perf_counter()
        result = self._refused(partial(self.compute, wanted))
        self.pipeline.took(time.perf_counter() - started)
        if result is None:
            return
        if generation != self._generation:
            self.diagnostics.count_drop("reset")
            return
        self._result = result
        started = time.perf_counter()
        self.publish(result, header)
        timings = getattr(result, "timings_ms", {})
        self.diagnostics.stages({**timings, "messages": _since(started)})
        self.diagnostics.count_output(stamp, self.get_clock().now().nanoseconds)

    def _refused(self, job: Callable[[], T]) -> T | None:
        """What `job` returns; None, and the reason is told, where the images cannot be used."""
        try:
            return job()
        except InputError as error:
            self.reject("images", str(error))
            return None

    def _look(self) -> None:
        try:
            if "method" in self.settings.values:
                self.diagnostics.set("method", self.settings["method"])
            confidence = getattr(self._result, "confidence", None)
            if confidence is not None:
                self.diagnostics.set("mean confidence", float(confidence.mean()))
            self.look()
        except Exception as error:  # a report must not end the thread, nor hide what is wrong
            self._on_failure(error)

    def _on_failure(self, error: Exception) -> None:
        if self.context.ok():
            self.reject("internal error", f"{type(error).__name__}: {error}")

    def _reset(self, _request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        self.forget()
        response.success, response.message = True, "what came is forgotten"
        return response

    def _report(self) -> None:
        """Brings the diagnostics up to date; what the worker is too busy to say comes later."""
        pipeline, worker = self._pipeline, self._worker
        if pipeline is None or worker is None:
            return
        self._engines.tell(pipeline.engines)
        for name, count in pipeline.counters.items():
            self.diagnostics.set_total(f"capture: {name}", count)
        if self._looked is None or self._looked.done():
            self._looked = worker.call(self._look)
            wait([self._looked], _REPORT_WAITS_S)


def _since(started_s: float) -> float:
    return (time.perf_counter() - started_s) * 1e3
