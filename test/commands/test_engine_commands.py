"""`ddff engine` and `ddff export`, on small networks."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from command_line import ddff
from small_networks import conv_network, slices_network

from ddff_perception.capability import Capability
from ddff_perception.engines import model_zoo
from ddff_perception.engines.create import available_backends
from ddff_perception.engines.engine_cache import EngineCache
from ddff_perception.registry import CAPABILITIES


@pytest.fixture
def network(tmp_path):
    return conv_network(tmp_path).path


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    folder = tmp_path / "weights"
    folder.mkdir()
    slices_network(folder)
    monkeypatch.setattr(model_zoo, "WEIGHTS", folder)


@pytest.fixture
def cache(tmp_path):
    cache = EngineCache(tmp_path / "cache")
    facts = {"model": "conv", "precision": "float32", "tensorrt": "11.4", "gpu": {"name": "Orin"}}
    cache.write(cache.entry("conv", facts), b"p" * 2048, seconds=81.5, finished="2026-11-25")
    cache.timing_path("11.4", "Orin").write_bytes(b"t")
    return cache


def folder_of(cache):
    return ("-p", f"engine.cache_folder={cache.folder}")


def test_build_makes_the_engines_and_says_what_they_are(capfd, network, shipped):
    outcome = ddff(capfd, "engine", "build", network, "slices", "--engine", "onnxruntime")
    assert outcome.status == 0
    assert outcome.output.splitlines() == [
        "ready: conv on onnxruntime", "ready: slices on onnxruntime"
    ]  # fmt: skip
    assert ddff(capfd, "engine", "build", "--engine", "onnxruntime").output == (
        "ready: slices on onnxruntime\n"
    )


def test_build_without_any_model_says_what_to_give(capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(model_zoo, "WEIGHTS", tmp_path)
    outcome = ddff(capfd, "engine", "build")
    assert outcome.status == 2
    assert "give the path of an ONNX file" in outcome.errors


def test_list_shows_backends_models_and_kept_engines(capfd, shipped, cache):
    outcome = ddff(capfd, "engine", "list", *folder_of(cache))
    assert outcome.status == 0
    for words in ("openvino, onnxruntime", "slices", "Orin", "81.5"):
        assert words in outcome.output
    content = json.loads(ddff(capfd, "engine", "list", "--json", *folder_of(cache)).output)
    assert content["backends"] == list(available_backends())
    assert [card["name"] for card in content["models"]] == ["slices"]
    assert content["engines"][0]["facts"]["gpu"] == {"name": "Orin"}


def test_clear_removes_engines_and_leaves_timings_unless_asked(capfd, cache):
    outcome = ddff(capfd, "engine", "clear", *folder_of(cache))
    assert outcome.output.startswith("removed 1 engines (0.0 MiB)")
    assert [path.suffix for path in cache.folder.iterdir()] == [".timing"]
    ddff(capfd, "engine", "clear", "--timings", *folder_of(cache))
    assert list(cache.folder.iterdir()) == []


def test_bench_times_every_backend_that_is_there(capfd, network):
    outcome = ddff(capfd, "engine", "bench", network, "--size", "height=33", "--runs", 3, "--json")
    assert outcome.status == 0
    rows = json.loads(outcome.output)
    assert [row["backend"] for row in rows] == list(available_backends())
    for row in rows:
        assert row["shapes"] == {"image": [1, 3, 33, 64]}
        assert 0 < row["p10_ms"] <= row["median_ms"] <= row["p90_ms"]
    table = ddff(capfd, "engine", "bench", network, "--engine", "onnxruntime", "--runs", 3)
    assert "conv on onnxruntime" in table.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--size", "depth=3"), "there is no dynamic axis 'depth'; there are: height, width"),
        (("--size", "height=tall"), "'height=tall' is not axis=number"),
        (("--size", "height=4"), "axis height of input image must be 8 .. 512 long, not 4"),
        (("--engine", "caffe"), "engine.backend must be one of"),
        (("-p", "engine.threads=-1"), "engine.threads must lie in"),
        (("-p", "threads=1"), "there is no parameter 'threads'"),
    ],
)
def test_bench_refuses_what_it_cannot_time(capfd, network, arguments, words):
    outcome = ddff(capfd, "engine", "bench", network, *arguments)
    assert outcome.status == 2
    assert words in outcome.errors
    assert len(outcome.errors.strip().splitlines()) == 1


@pytest.mark.parametrize("command", [("engine", "build"), ("engine", "bench")])
def test_tampered_truncated_and_foreign_files_end_with_one_sentence(capfd, network, command):
    content = network.read_bytes()
    for spoiled, words in (
        (content[:-1] + bytes([content[-1] ^ 1]), "its SHA-256 differs"),
        (content[:100], "is truncated"),
        (b"PK\x03\x04", "is not an ONNX file"),
    ):
        network.write_bytes(spoiled)
        outcome = ddff(capfd, *command, network)
        assert outcome.status == 2
        assert words in outcome.errors
        assert len(outcome.errors.strip().splitlines()) == 1


@pytest.fixture
def exporter(monkeypatch):
    """Stands in for `training.export`, which needs torch."""
    module = ModuleType("ddff_perception.training.export")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def export(capfd, tmp_path, *arguments):
    checkpoint = tmp_path / "last.ckpt"
    checkpoint.write_bytes(b"weights")
    output = tmp_path / "exported"
    return ddff(
        capfd, "export", "depth_from_focus", checkpoint, "--output", output, *arguments
    ), output


def test_export_writes_networks_that_run(capfd, tmp_path, exporter):
    asked = []

    def write(
        capability: Capability,
        checkpoint: Path,
        output: Path,
        precision: str,
        data: Sequence[Path],
        settings: Sequence[str],
    ) -> list[Path]:
        asked.append((capability.name, checkpoint.name, precision, list(data)))
        encoder, head = conv_network(output, "encoder", precision), slices_network(output, "head")
        return [encoder.path, head.path]

    exporter.export_weights = write
    outcome, output = export(capfd, tmp_path, "--precision", "float16")
    assert outcome.status == 0
    assert asked == [("depth_from_focus", "last.ckpt", "float16", [])]
    assert f"wrote {output / 'encoder.onnx'} (" in outcome.output
    assert f"wrote {output / 'head.onnx'} (" in outcome.output


@pytest.mark.parametrize("picture", ["city", "of somebody else"])
def test_export_writes_credits_where_the_card_records_assets(capfd, tmp_path, exporter, picture):
    assets = (f"environments/package/hdri/{picture}.exr.js",)

    def write(
        capability: Capability, checkpoint: Path, output: Path, *options: object
    ) -> list[Path]:
        model = conv_network(output)
        return [model_zoo.write_card(model.path, replace(model.card, assets=assets)).path]

    exporter.export_weights = write
    (tmp_path / "last.json").write_text('{"network": "stream"}')
    outcome, output = export(capfd, tmp_path)
    assert outcome.status == 0
    credits = output / "stream.credits.md"
    if picture == "city":
        assert "CC0-1.0" in credits.read_text() and f"wrote {credits}" in outcome.output
    else:
        assert not credits.exists() and "the catalogue does not know" in outcome.errors


def test_export_without_a_card_is_no_success(capfd, tmp_path, exporter):
    def write(
        capability: Capability,
        checkpoint: Path,
        output: Path,
        precision: str,
        data: Sequence[Path],
        settings: Sequence[str],
    ) -> list[Path]:
        (output / "net.onnx").write_bytes(b"\x08\x0a")
        return [output / "net.onnx"]

    exporter.export_weights = write
    outcome, _ = export(capfd, tmp_path)
    assert (outcome.status, "has no card" in outcome.errors) == (2, True)


def test_export_refuses_what_it_cannot_export(capfd, tmp_path, monkeypatch):
    monkeypatch.setitem(CAPABILITIES, "seeing", Capability("seeing", "a capability without any"))
    for arguments, words in (
        (("depth_from_focus", tmp_path / "no.ckpt"), "there is no checkpoint"),
        (("seeing", __file__), "seeing has no network to export"),
        (("cooking", __file__), "there is no capability 'cooking'; there are: depth_from_focus"),
        (("depth_from_focus", __file__, "--precision", "int4"), "precision must be one of"),
    ):
        outcome = ddff(capfd, "export", *arguments, "-o", tmp_path / "out")
        assert outcome.status == 2
        assert words in outcome.errors
