"""Every command that writes, with input of a user's, for tests of what it may overwrite."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from bursts import write_shaken_folder
from command_line import ddff
from defocus_scenes import write_charts
from degraded_images import write_degraded_image
from descriptors import descriptors
from drawn_drives import drive, places
from folders import contents, files_below
from light_fields import plane_light_field
from panes import small_pane
from result_folders import TRUTH, make_result
from rooms import write_room
from sweep_stacks import sweep_bag
from sweeps import wall_stack, write_wall
from triple_scenes import write_capture

from ddff_perception.files.drive_folder import write_drive
from ddff_perception.files.images import write_array, write_image
from ddff_perception.files.polarization_folder import write_polarization
from ddff_perception.files.results import RECORD


@dataclass(frozen=True)
class Case:
    """`arguments(inputs, output)` with the folder that `make` filled and the one to write into.

    `names`: what it writes there, where a first run would be too much for a test. `again`: whether
    it may run twice into one folder. `refuses`: whether it ends where a name is taken.
    """

    arguments: Callable[[Path, Path], Sequence[object]]
    make: Callable[[Path], object] = lambda folder: None
    names: tuple[str, ...] = ()
    again: bool = True
    refuses: bool = True


def _photographs(folder: Path) -> None:
    for number, image in enumerate(wall_stack().images):
        write_image(folder / f"{number:03d}.png", image)


def _polarizer_images(folder: Path) -> None:
    for number, image in enumerate(small_pane().images[:3], start=1):
        write_image(folder / f"polarizer_{number}.png", image)


def _shaken(folder: Path) -> None:
    write_shaken_folder(folder / "frames")


def _drive_folder(folder: Path) -> None:
    images = list(drive(where=places(frames=8)))
    write_drive(folder / "tuesday", images, np.arange(8.0), np.arange(8.0), {"route": "wall"})


def _photo(folder: Path) -> None:
    write_image(folder / "photo.png", wall_stack().images[0])


def _drives(folder: Path) -> None:
    for name in ("monday", "tuesday"):
        (folder / name).mkdir()
        for number, image in enumerate(drive(where=places(frames=12))):
            write_image(folder / name / f"{number:03d}.png", image)


def _room(folder: Path) -> None:
    write_room(folder / "room", frames=1)


def _depths(folder: Path) -> None:
    write_array(folder / "maps.npy", TRUTH)
    write_array(folder / "truth.npy", TRUTH)


def _pane_bag(folder: Path) -> None:
    from ddff_perception.simulation.polarizer_camera.bag import (
        PolarizerBagSettings,
        write_polarizer_bag,
    )
    from ddff_perception.simulation.polarizer_camera.frames import PolarizerSettings

    write_polarization(folder / "pane", small_pane())
    settings = PolarizerBagSettings(PolarizerSettings(), frames=3)
    write_polarizer_bag(folder / "pane", folder / "bag", settings)


def _parameter_file(folder: Path) -> None:
    text = "/**/focus_sweeper: {ros__parameters: {}}\n"
    (folder / "robot.yaml").write_text(text)


def _card(folder: Path) -> None:
    (folder / "network.json").write_text(json.dumps({"assets": [CITY]}))


def _index(folder: Path) -> None:
    from ddff_perception.retrieval.building import build_file
    from ddff_perception.retrieval.settings import IndexSettings

    write_array(folder / "base.npy", descriptors(60))
    build_file(folder / "a.ddff", descriptors(60), IndexSettings(clusters=2, children=2))


CITY = "environments/package/hdri/city.exr.js"
SMALL = ("--width", 32, "--height", 24, "--samples", 1)
CASES: dict[str, Case] = {
    "depth": Case(lambda i, o: ("depth", i, "-o", o), write_wall),
    "stack": Case(lambda i, o: ("stack", i, "-o", o), _photographs),
    "refocus": Case(
        lambda i, o: ("refocus", i / "a.npy", "-o", o, "--disparities=1,-1", "--slices", 3),
        lambda folder: write_array(folder / "a.npy", plane_light_field(0.5).views),
    ),
    "reflection": Case(
        lambda i, o: ("reflection", *(i / f"polarizer_{n}.png" for n in (1, 2, 3)), "-o", o),
        _polarizer_images,
    ),
    "segment": Case(lambda i, o: ("segment", i / "room", "-o", o), _room),
    "eval": Case(
        lambda i, o: (
            *("eval", "--estimate", i / "maps.npy", "--truth", i / "truth.npy"),
            *("--json", o / "truth.json", "--figures", o),
        ),
        _depths,
    ),
    "report": Case(lambda i, o: ("report", i, "-o", o / "report.html"), make_result),
    "demo": Case(
        lambda i, o: ("demo", "--stack", i, "-o", o, "--method", "multiscale"),
        write_wall,
        names=("depth.npy", "cloud.ply", "summary.json", "report.html", "bag/bag_0.mcap"),
    ),
    "run": Case(
        lambda i, o: ("run", i / "robot.yaml", "--logs", o),
        _parameter_file,
        names=("focus_sweeper.txt",),
    ),
    "bag eval": Case(
        lambda i, o: ("bag", "eval", i / "bag", "-o", o, "--every", 3),
        lambda folder: sweep_bag(folder / "bag", sweeps=1),
    ),
    "bag eval-reflection": Case(
        lambda i, o: ("bag", "eval-reflection", i / "bag", "-o", o), _pane_bag
    ),
    "engine clear": Case(
        lambda i, o: ("engine", "clear", "--timings", "-p", f"engine.cache_folder={o}"),
        names=("network.json", "poetry.lock", "my.engine", "lap.timing"),
        refuses=False,
    ),
    "simulate sweep": Case(
        lambda i, o: ("simulate", "sweep", "-o", o, *SMALL, "--slices", 2, "--geometry"),
        names=("001.png", "stack.json", "depth.npy", "aif.png", "sweep.json", "normals.npy"),
    ),
    "simulate pane": Case(
        lambda i, o: ("simulate", "pane", "-o", o, *SMALL),
        names=("000.png", "transmission.png", "polarization.json"),
    ),
    "simulate bag": Case(
        lambda i, o: ("simulate", "bag", i, "-o", o / "bag", "--sweeps", 1),
        write_wall,
        again=False,
    ),
    "simulate polarizer-bag": Case(
        lambda i, o: ("simulate", "polarizer-bag", i, "-o", o / "bag", "--frames", 2),
        lambda folder: write_polarization(folder, small_pane()),
        again=False,
    ),
    "simulate rgbd": Case(
        lambda i, o: ("simulate", "rgbd", "-o", o, *SMALL, "--frames", 1, "--assets", i / "none"),
        names=("color_000.jpg", "depth_000.png", "rgbd.json", "CREDITS.md"),
    ),
    "simulate rgbd-bag": Case(
        lambda i, o: ("simulate", "rgbd-bag", i / "room", "-o", o / "bag", "--frames", 2),
        _room,
        again=False,
    ),
    "simulate motion": Case(
        lambda i, o: ("simulate", "motion", i / "photo.png", "-o", o, "--frames", 2), _photo
    ),
    "simulate motion-bag": Case(
        lambda i, o: ("simulate", "motion-bag", i / "frames", "-o", o / "bag", "--frames", 2),
        _shaken,
        again=False,
    ),
    "simulate drive": Case(
        lambda i, o: ("simulate", "drive", "-o", o, "--frames", 8, "--assets", i / "none"),
        names=("drive.json",),
    ),
    "simulate drive-bag": Case(
        lambda i, o: ("simulate", "drive-bag", i / "tuesday", "-o", o / "bag"),
        _drive_folder,
        again=False,
    ),
    "deblur": Case(lambda i, o: ("deblur", i / "frames", "-o", o), _shaken),
    "bursts": Case(
        lambda i, o: ("bursts", i, "-o", o, "--count", 1, "--frames", 2, "--size", 64), _photo
    ),
    "defocus": Case(lambda i, o: ("defocus", i / "photo.png", "-o", o), _photo),
    "triples plan": Case(lambda i, o: ("triples", "plan", "-o", o, "--scenes", 2), again=False),
    # Without a terminal it takes nothing.
    "triples record": Case(
        lambda i, o: ("triples", "record", i),
        lambda folder: write_capture(folder, 2),
        names=("wide/0002.png", "cameras.json"),
        refuses=False,
    ),
    "triples prepare": Case(lambda i, o: ("triples", "prepare", i, "-o", o), write_capture),
    "restore": Case(lambda i, o: ("restore", i / "photo.png", "-o", o), write_degraded_image),
    "calibrate defocus": Case(
        lambda i, o: (
            *("calibrate", "defocus", *(i / f"{n}.png" for n in range(3)), "-o", o / "lens.yaml"),
            *("--distances", "0.5,1,2", "--focus-distance", "0.5"),
        ),
        write_charts,
    ),
    "align build": Case(
        lambda i, o: (
            *("align", "build", i / "monday", "-o", o / "a.route"),
            *("--rate", 0, "--method", "sift", "-p", "sift.width=128"),
        ),
        _drives,
    ),
    "align match": Case(
        lambda i, o: (
            *("align", "match", i / "monday", i / "tuesday", "-o", o),
            *("--folder-rate", 3, "--method", "sift", "-p", "sift.width=128"),
        ),
        _drives,
    ),
    "simulate dataset": Case(
        lambda i, o: (
            *("simulate", "dataset", "odd", "-o", o, *SMALL),
            *("--views", 1, "--assets", i / "none"),
        ),
        names=("dataset.json", "index.jsonl"),
        refuses=False,
    ),
    "assets fetch": Case(
        lambda i, o: ("assets", "fetch", "environments", "--folder", o, "--from", i),
        names=("environments/asset.json", "environments/package/hdri/city.exr.js"),
        refuses=False,
    ),
    "assets sheet": Case(
        lambda i, o: ("assets", "sheet", "-o", o / "models.png", "--folder", i / "none"),
        names=("models.png",),
        refuses=False,
    ),
    "assets credits": Case(
        lambda i, o: ("assets", "credits", i / "network.json", "-o", o / "credits.md"), _card
    ),
    "index build": Case(
        lambda i, o: (
            *("index", "build", i / "base.npy", "-o", o / "b.ddff"),
            *("-p", "clusters=2", "-p", "children=2"),
        ),
        lambda folder: write_array(folder / "base.npy", descriptors(60)),
    ),
    "index add": Case(
        lambda i, o: ("index", "add", i / "a.ddff", i / "base.npy", "-o", o / "b.ddff"), _index
    ),
    "index query": Case(
        lambda i, o: (
            *("index", "query", i / "base.npy", i / "a.ddff", "-o", o / "ids.npy"),
            *("--distances", o / "near.npy"),
        ),
        _index,
    ),
    "calibrate focus": Case(
        lambda i, o: ("calibrate", "focus", i, "-o", o / "lens.yaml"),
        names=("lens.yaml", "lens.png"),
    ),
    "calibrate board": Case(lambda i, o: ("calibrate", "board", "-o", o / "board.png")),
}
READ_ONLY = {
    *("play", "info", "bench", "bag info", "engine build", "engine list", "engine bench"),
    *("assets list", "assets verify", "index bench", "index info", "align info", "view"),
}


def written_names(capfd: pytest.CaptureFixture[str], case: Case, folder: Path) -> list[str]:
    """What the case writes into an empty folder, where it may run again."""
    (folder / "in").mkdir(parents=True)
    (folder / "out").mkdir()
    case.make(folder / "in")
    for _ in range(1 + case.again):
        outcome = ddff(capfd, *case.arguments(folder / "in", folder / "out"))
        assert outcome.status == 0, outcome.errors
    written = sorted(str(p.relative_to(folder / "out")) for p in files_below(folder / "out"))
    assert written
    return written


def assert_nothing_is_lost(capfd: pytest.CaptureFixture[str], case: Case, folder: Path) -> None:
    """Runs the case with its output where its input is, and where each of its names is taken."""
    # First without a name of its own: only the input is there.
    names = case.names or ("", *written_names(capfd, case, folder / "first"))
    own = folder / "own"
    own.mkdir()
    case.make(own)
    for record in own.rglob(RECORD):  # as a user's own files are
        record.unlink()
    for number, name in enumerate(names):
        inputs = Path(shutil.copytree(own, folder / str(number)))
        taken = name != "" and not (inputs / name).exists()
        if taken:
            (inputs / name).parent.mkdir(parents=True, exist_ok=True)
            (inputs / name).write_bytes(b"mine")
        before = contents(inputs)
        outcome = ddff(capfd, *case.arguments(inputs, inputs))
        assert contents(inputs) | before == contents(inputs), name
        assert before.keys() <= contents(inputs).keys(), name
        if taken and case.refuses:
            assert outcome.status == 2, (name, outcome)
            assert outcome.errors.count("\n") == 1, outcome.errors
            assert "another" in outcome.errors, outcome.errors
