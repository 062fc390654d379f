"""Signals reach a process that has closed engines: Ctrl-C, the end of a child, a time limit."""

import signal
import subprocess
import sys

import pytest
from parity import CONFIGURATIONS

# Two engines, closed in an order; then a signal that Python handles.
PROGRAM = """
import gc, signal, sys, threading
from ddff_perception.engines.create import create_engine
path, backend, order = sys.argv[1:]
engines = [create_engine(path, backend) for _ in range(2)]
if order == "newest first":
    engines.reverse()
def close():
    while engines:
        engines.pop(0).close()
        gc.collect()
if order == "in another thread":
    thread = threading.Thread(target=close)
    thread.start()
    thread.join()
else:
    close()
signal.signal(signal.SIGUSR1, lambda number, frame: print("handled", number))
signal.raise_signal(signal.SIGUSR1)
"""


@pytest.mark.parametrize("order", ["oldest first", "newest first", "in another thread"])
@pytest.mark.parametrize("backend", sorted({entry[0] for entry in CONFIGURATIONS.values()}))
def test_a_signal_is_handled_after_engines_were_closed(networks, backend, order):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(networks["conv"].path), backend, order],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["handled", str(int(signal.SIGUSR1))]
