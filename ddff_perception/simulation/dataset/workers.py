"""Workers: this process, several processes of this machine, or a Dask cluster."""

from __future__ import annotations

import concurrent.futures
import importlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from typing import Any

from ...cluster import connected, workers_of
from ...types import InputError
from .render_scene import Job, render_scene

_AHEAD = 2  # jobs in hand per worker: none waits, and little is lost when all stops


def in_this_process(jobs: Sequence[Job]) -> Iterator[tuple[int, bytes]]:
    """Scene numbers and files, one after the other."""
    for job in jobs:
        yield job.number, render_scene(job)


def in_processes(jobs: Sequence[Job], workers: int) -> Iterator[tuple[int, bytes]]:
    """The same from `workers` processes, in the order in which they are done."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    for core in _cores(workers):
        queue.put(core)
    with concurrent.futures.ProcessPoolExecutor(
        workers, mp_context=context, initializer=_start_worker, initargs=(queue,)
    ) as pool:
        waiting: dict[concurrent.futures.Future[bytes], int] = {}
        left = iter(jobs)
        try:
            while True:
                for job in _next(left, workers * _AHEAD - len(waiting)):
                    waiting[pool.submit(render_scene, job)] = job.number
                if not waiting:
                    return
                done, _ = concurrent.futures.wait(
                    waiting, return_when=concurrent.futures.FIRST_COMPLETED
                )
                for future in done:
                    yield waiting.pop(future), future.result()
        except concurrent.futures.process.BrokenProcessPool as error:
            raise InputError(
                "a worker process ended: run the command again to go on, with fewer --workers "
                "where memory was short"
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def on_cluster(jobs: Sequence[Job], address: str) -> Iterator[tuple[int, bytes]]:
    """The same from the workers of the Dask scheduler at `address`; the jobs of a worker that is
    lost go to another one.

    Raises InputError where dask.distributed is not installed or nobody answers.
    """
    with connected(address) as client:
        workers = max(1, len(workers_of(client)))
        futures: dict[Any, int] = {}
        left = iter(jobs)
        completed = importlib.import_module("distributed").as_completed(loop=client.loop)
        for job in _next(left, workers * _AHEAD):
            _submit(client, job, futures, completed)
        for future in completed:
            number = futures.pop(future)
            content = future.result()
            future.release()
            for job in _next(left, 1):
                _submit(client, job, futures, completed)
            yield number, content


def _submit(client: Any, job: Job, futures: dict[Any, int], completed: Any) -> None:
    # Pure by number: a job that is sent twice is the same job.
    future = client.submit(render_scene, job, pure=False, retries=2)
    futures[future] = job.number
    completed.add(future)


def _next(jobs: Iterator[Job], count: int) -> list[Job]:
    return [job for _, job in zip(range(count), jobs, strict=False)]


def _cores(workers: int) -> list[int]:
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [allowed[n % len(allowed)] for n in range(workers)] if allowed else []


def _start_worker(cores: Any) -> None:
    """A core of its own for each worker: the renderer starts a thread for every core it sees."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cores.get(timeout=30)})
