"""The checklist for a machine with a GPU runs, and says no where something does not hold."""

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def checklist(monkeypatch, gpu):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = importlib.import_module("tensorrt_check")
    records = []

    def keep(name, rows, **fields):
        records.append((name, rows, fields))
        return Path("record.json")

    monkeypatch.setattr(module, "write_record", keep)

    def run(*models):
        monkeypatch.setattr(sys, "argv", ["tensorrt_check.py", *map(str, models)])
        return module.main(), records

    return run


def test_every_line_holds_where_the_backend_works(checklist, networks, capsys):
    status, ((name, rows, fields),) = checklist(networks["conv_float16"].path)
    shown = capsys.readouterr().out
    assert [row for row in rows if not row["holds"]] == []
    assert status == 0
    assert (name, len(rows)) == ("tensorrt_check", 11)
    assert fields["engine"].startswith("conv_float16 on tensorrt 11.4.0.106")
    assert shown.count("[ok]") == 11
    assert "0 of 11 do not hold" in shown


def test_a_line_that_does_not_hold_is_named(checklist, networks, gpu, capsys):
    gpu.trt.spoil = lambda value: value * 1.2
    status, ((_, rows, _),) = checklist(networks["slices"].path)
    assert status == 1
    assert "differs from onnxruntime" in rows[0]["result"]
    assert "[NO] slices: builds" in capsys.readouterr().out


def test_without_a_gpu_it_says_what_it_needs(checklist, monkeypatch, capsys):
    from ddff_perception.engines import libraries

    monkeypatch.setattr(libraries, "has_gpu", lambda: False)
    assert checklist()[0] == 2
    assert "needs an NVIDIA GPU" in capsys.readouterr().err
