"""What the tests share: a ROS domain of their own, a harness for live nodes, real captures."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest
from command_line import Outcome, ddff
from folders import files_below
from hypothesis import HealthCheck, settings
from live_ros import RosSession

from ddff_perception.memory import FOR_JOBS, keep_freed_memory

ROOT = Path(__file__).resolve().parent.parent
# A busy machine or a first import takes longer than any example of ours: time is not the property.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
# As commands and nodes do.
keep_freed_memory(FOR_JOBS)
# Until all tests are collected little is garbage, and looking for it is a fifth of the time.
gc.disable()
# A shell starts what runs in its background deaf to Ctrl-C, and so would be all that tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
LONG_RUN_FILES = 40
# Above 101 the ports of a domain reach into those that the kernel hands out.
LAST_DOMAIN = 101


def claim_domain() -> tuple[int, IO[str]]:
    """A ROS domain that no other test process and no other ROS process of this host uses.

    The lock lasts as long as the file stays open: until this process ends, however it ends.
    """
    folder = Path(tempfile.gettempdir()) / f"ddff_ros_domains_{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for domain in range(1, LAST_DOMAIN + 1):
        lock = (folder / str(domain)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if ports_are_free(domain):
            return domain, lock
        lock.close()
    raise RuntimeError("all ROS domains are in use on this host")


def ports_are_free(domain: int) -> bool:
    """Whether no DDS participant of the host listens on the domain's first ports."""
    base = 7400 + 250 * domain
    for port in (base, base + 10, base + 12):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                return False
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """What was imported, some 700,000 objects, stays: the collector looks at the tests' own."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the time of a long run went: single tests are many and each of them short."""
    spent: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent[report.nodeid.partition("::")[0]] += report.duration
    if len(spent) < LONG_RUN_FILES:
        return
    terminalreporter.write_sep("=", "slowest files")
    for file, seconds in spent.most_common(LONG_RUN_FILES):
        terminalreporter.write_line(f"{seconds:.0f}s {file}")


DOMAIN, _DOMAIN_LOCK = claim_domain()
os.environ["ROS_DOMAIN_ID"] = str(DOMAIN)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ.setdefault("FASTDDS_DEFAULT_PROFILES_FILE", str(ROOT / "config" / "fastdds_shm.xml"))
os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", os.environ["FASTDDS_DEFAULT_PROFILES_FILE"])


@pytest.fixture
def ros() -> Iterator[RosSession]:
    """Live ROS on a domain of this test process."""
    pytest.importorskip("rclpy")
    session = RosSession()
    yield session
    session.close()


@pytest.fixture(scope="session")
def ros_context() -> Iterator[None]:
    """rclpy ready for nodes that are made but do not have to spin."""
    rclpy = pytest.importorskip("rclpy")
    if not rclpy.ok():
        rclpy.init()
    yield


@pytest.fixture
def one_thread() -> Iterator[None]:
    """torch in one thread: tiny networks run fastest so."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def real_captures() -> Path:
    """Folder with real captures: DDFF_CAPTURES, or `../shared/data` beside the checkout."""
    folder = Path(os.environ.get("DDFF_CAPTURES", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real captures here: name their folder in DDFF_CAPTURES")
    return folder


@pytest.fixture
def refused(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Runs a command that must end with one sentence, status 2, and nothing in `out`."""

    def run(*arguments: object) -> str:
        before = files_below(tmp_path)
        outcome = ddff(capfd, *arguments)
        assert outcome.status == 2, outcome
        assert outcome.output == ""
        assert outcome.errors.startswith("ddff: ")
        assert outcome.errors.count("\n") == 1, outcome.errors
        assert "Traceback" not in outcome.errors
        assert files_below(tmp_path) == before
        return outcome.errors

    return run


@pytest.fixture
def accepted(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Outcome]:
    """Runs a command that must succeed."""

    def run(*arguments: object) -> Outcome:
        outcome = ddff(capfd, *arguments)
        assert outcome.status == 0, outcome.errors
        assert "Traceback" not in outcome.errors
        return outcome

    return run
