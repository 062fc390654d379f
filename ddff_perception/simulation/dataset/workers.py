"""Workers: this process, several processes of this machine, or a Dask cluster."""

from __future__ import annotations

import concurrent.futures
import importlib
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

from ...cluster import connected, workers_of
from ...types import InputError
from .render_scene import Job, render_scene

Done = tuple[int, bytes, float]
"""A scene's number, its file, and the core-seconds that it took."""
_AHEAD = 2  # jobs in hand per worker: none waits, and little is lost when all stops
# Mitsuba's variant is of the process, and threads of a cluster's worker share models, too.
_RENDERING = threading.Lock()


def in_this_process(jobs: Sequence[Job]) -> Iterator[Done]:
    """Scenes, one after the other."""
    for job in jobs:
        yield _done(job)


def in_processes(jobs: Sequence[Job], workers: int) -> Iterator[Done]:
    """The same from `workers` processes, in the order in which they are done; the jobs of one that
    is lost go to new ones. Raises InputError where these are lost before any scene is done.
    """
    left = {job.number: job for job in jobs}
    while left:
        before = len(left)
        try:
            for done in _in_a_pool(list(left.values()), workers):
                del left[done[0]]
                yield done
        except concurrent.futures.process.BrokenProcessPool as error:
            if len(left) == before:
                raise InputError(
                    "worker processes end before a scene is done: run the command again, with "
                    "fewer --workers where memory is short"
                ) from error


def _in_a_pool(jobs: Sequence[Job], workers: int) -> Iterator[Done]:
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    for core in _cores(workers):
        queue.put(core)
    with concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(queue,)
    ) as pool:
        waiting: set[concurrent.futures.Future[Done]] = set()
        left = iter(jobs)
        try:
            while True:
                for job in _next(left, workers * _AHEAD - len(waiting)):
                    waiting.add(pool.submit(_done, job))
                if not waiting:
                    return
                done, waiting = concurrent.futures.wait(
                    waiting, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def on_cluster(jobs: Sequence[Job], address: str) -> Iterator[Done]:
    """The same from the workers of the Dask scheduler at `address`; the jobs of a worker that is
    lost go to another one.

    Raises InputError where dask.distributed is not installed, nobody answers, there is no worker,
    or a scene cannot be rendered.
    """
    with connected(address) as client:
        left = iter(jobs)
        completed = importlib.import_module("distributed").as_completed(loop=client.loop)
        _submit(client, left, completed)
        for future in completed:
            done = _result(future)
            future.release()
            _submit(client, left, completed)
            yield done


def _submit(client: Any, left: Iterator[Job], completed: Any) -> None:
    """As many jobs as the workers that there are now need."""
    workers = max(1, len(workers_of(client)))
    for job in _next(left, workers * _AHEAD - completed.count()):
        # Pure by number: a job that is sent twice is the same job.
        completed.add(client.submit(_done, job, pure=False, retries=2))


def _result(future: Any) -> Done:
    try:
        done: Done = future.result()
    except InputError:
        raise
    except Exception as error:  # whatever a worker raises, and Dask where it gives up
        said = (str(error) or "no reason given").splitlines()[0]
        raise InputError(
            f"the cluster could not render a scene ({type(error).__name__}: {said}): run the "
            "command again to go on"
        ) from error
    return done


def _done(job: Job) -> Done:
    with _RENDERING:
        start = time.process_time()
        content = render_scene(job)
        return job.number, content, time.process_time() - start


def _next(jobs: Iterator[Job], count: int) -> list[Job]:
    return [job for _, job in zip(range(count), jobs, strict=False)]


def _cores(workers: int) -> list[int]:
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [allowed[n % len(allowed)] for n in range(workers)] if allowed else []


def _start_worker(cores: Any) -> None:
    """A core of its own for each worker: the renderer starts a thread for every core it sees."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores.get(timeout=30)})
