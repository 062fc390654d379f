"""Workers: one scene at a time in a process, and what goes wrong in one sentence."""

import threading
import time
from concurrent.futures.process import BrokenProcessPool

import pytest

from ddff_perception import cluster
from ddff_perception.simulation.dataset import workers
from ddff_perception.simulation.dataset.made_with import MadeWith
from ddff_perception.simulation.dataset.render_scene import Job
from ddff_perception.simulation.dataset.settings import PRESETS
from ddff_perception.types import InputError

distributed = pytest.importorskip("distributed")
KNOWN = MadeWith((), 1, "", False)


def jobs(count):
    return [Job(PRESETS["rooms"], number, KNOWN) for number in range(count)]


@pytest.fixture(scope="module")
def address():
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=4, processes=False, dashboard_address=None
    ) as made:
        yield made.scheduler_address


def test_threads_of_a_worker_render_one_scene_after_the_other(address, monkeypatch):
    inside, most = [], []

    def render(job):
        inside.append(threading.get_ident())
        time.sleep(0.02)
        most.append(len(inside))
        inside.remove(threading.get_ident())
        return b"scene"

    monkeypatch.setattr(workers, "render_scene", render)
    done = list(workers.on_cluster(jobs(6), address))
    assert sorted(number for number, *_ in done) == list(range(6))
    assert max(most) == 1


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ModuleNotFoundError("No module named 'mitsuba'"), "ModuleNotFoundError: No module named"),
        (InputError("rendering needs Mitsuba 3"), "^rendering needs Mitsuba 3$"),
    ],
)
def test_what_a_worker_lacks_is_said_in_a_sentence(address, monkeypatch, raised, told):
    def render(job):
        raise raised

    monkeypatch.setattr(workers, "render_scene", render)
    with pytest.raises(InputError, match=told):
        list(workers.on_cluster(jobs(1), address))


def test_work_that_the_cluster_gives_up_is_said_in_a_sentence():
    class Future:
        def result(self):
            raise distributed.client.FutureCancelledError("scene", "scheduler-connection-lost")

    with pytest.raises(InputError, match=r"could not render a scene .*connection-lost"):
        workers._result(Future())


def test_a_scheduler_without_workers_is_refused(monkeypatch):
    monkeypatch.setattr(cluster, "_PATIENCE_S", 1)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as empty,
        pytest.raises(InputError, match="has no workers: start some"),
    ):
        list(workers.on_cluster(jobs(1), empty.scheduler_address))


def test_what_a_lost_process_had_is_rendered_by_another(monkeypatch):
    given = []

    def pool(left, count):
        given.append([job.number for job in left])
        yield given[-1][-1], b"scene", 1.0
        if len(left) > 1:
            raise BrokenProcessPool("killed")

    monkeypatch.setattr(workers, "_in_a_pool", pool)
    assert [number for number, *_ in workers.in_processes(jobs(3), 2)] == [2, 1, 0]
    assert given == [[0, 1, 2], [0, 1], [0]]


def test_processes_that_end_at_once_end_the_run(monkeypatch):
    def pool(left, count):
        raise BrokenProcessPool("killed")

    monkeypatch.setattr(workers, "_in_a_pool", pool)
    with pytest.raises(InputError, match="fewer --workers"):
        list(workers.in_processes(jobs(3), 2))


def test_workers_that_come_later_are_given_work(monkeypatch):
    """Two jobs in hand of each worker that there is when one is done."""
    there, hand = ["one"], []

    class Client:
        def submit(self, call, job, **_):
            return job.number

    class Completed:
        def count(self):
            return len(hand)

        def add(self, number):
            hand.append(number)

    monkeypatch.setattr(workers, "workers_of", lambda client: there)
    left = iter(jobs(20))
    workers._submit(Client(), left, Completed())
    assert hand == [0, 1]
    there += ["two", "three"]
    hand.pop(0)
    workers._submit(Client(), left, Completed())
    assert hand == [1, 2, 3, 4, 5, 6]
    there.clear()
    hand.clear()
    workers._submit(Client(), left, Completed())
    assert hand == [7, 8]
