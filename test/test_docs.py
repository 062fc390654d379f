"""What the documentation names is there, and what is there is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
import typer.core

import ddff_perception
from ddff_perception import cli
from ddff_perception.depth_from_focus.methods import METHODS
from ddff_perception.ros.describe import parameter_table
from ddff_perception.training.presets import FitSettings

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TESTS = {
    name: path
    for path in sorted((ROOT / "test").rglob("test_*.py"))
    for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
}


def page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The names that headings are linked by, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page(path)):
        if link.startswith(("http://", "https://")):
            continue
        target, _, anchor = link.partition("#")
        file = path.parent / target if target else path
        if not file.exists() or (anchor and anchor not in anchors(page(file))):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_that_are_named_are_there(path):
    tops = [top for top in ROOT.iterdir() if top.is_dir() and not top.name.startswith(".")]
    sources = {path.name for top in tops for path in (*top.rglob("*.py"), *ROOT.glob("*.py"))}
    folders = ("ddff_perception/", "config/", "launch/", "docs/", "tools/", "test/", "benchmarks/")
    missing = []
    for name in re.findall(r"`([\w./]+)`", page(path)):
        interface = re.fullmatch(r"ddff_perception/(msg|srv)/(\w+)", name)
        if interface:
            kind, message = interface.groups()
            there = (ROOT / kind / f"{message}.{kind}").is_file()
        elif name.startswith(folders):
            there = (ROOT / name).exists()
        else:
            there = not name.endswith(".py") or name in sources
        if not there:
            missing.append(name)
    assert missing == []


def test_every_floor_of_the_package_has_its_place_in_the_house():
    text = page(ROOT / "docs" / "architecture.md")
    folders = [p.parent.name for p in (ROOT / "ddff_perception").glob("*/__init__.py")]
    assert [name for name in folders if f"`ddff_perception/{name}/`" not in text] == []


def test_every_room_says_what_it_holds():
    rooms = sorted((ROOT / "ddff_perception").rglob("__init__.py"))
    first = {room: page(room).splitlines()[:1] for room in rooms}
    assert [str(room) for room, line in first.items() if not str(line).startswith('[\'"""')] == []


def test_the_changelog_is_what_the_release_tool_reads():
    changelog = pytest.importorskip("catkin_pkg.changelog")
    found = changelog.get_changelog_from_path(str(ROOT), "ddff_perception")
    versions = [version for version, _, _ in found.foreach_version()]
    assert ddff_perception.__version__ in versions


def test_every_method_is_explained():
    text = page(ROOT / "docs" / "depth_from_focus.md")
    named = [name for name in METHODS if f"`{name}`" in text or f"## {name}" in text]
    assert named == list(METHODS)


def test_every_setting_of_training_is_documented_as_it_is():
    written = page(ROOT / "docs" / "training.md").partition("write_docs.py -->")[2]
    assert written.strip() == parameter_table(FitSettings.table())


def command(words: list[str]) -> typer.core.TyperCommand | None:
    """The command that `ddff words...` calls."""
    found = typer.main.get_command(cli.app)
    for word in words:
        if not isinstance(found, typer.core.TyperGroup):
            break
        found = found.commands.get(word.split("|")[0])
    return found if isinstance(found, typer.core.TyperCommand) else None


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_commands_that_are_shown_are_there_with_their_options(path):
    wrong = []
    shown = re.findall(r"^(?:\.venv/bin/)?ddff ([a-z].*)$", page(path), re.MULTILINE)
    shown += re.findall(r"`ddff ([a-z][^`]*)`", page(path))
    for line in shown:
        words = re.split(r"\s{2,}|#", line)[0].replace(",", "").split()
        found = command(words)
        options = {word for word in words if word.startswith("-") and word != "-"}
        known = {name for p in found.params for name in p.opts} if found else set()
        if found is None or not options <= known | {"--help"}:
            wrong.append(f"ddff {line}")
    assert wrong == []


def test_make_targets_that_are_shown_are_there():
    targets = set(re.findall(r"^([a-z]+):", page(ROOT / "Makefile"), re.MULTILINE))
    shown = {
        name
        for path in PAGES
        for name in re.findall(r"(?:^|`)make ([a-z]+)", page(path), re.MULTILINE)
    }
    assert {"demo", "test"} <= shown <= targets


def test_every_row_of_bad_input_names_tests_that_there_are():
    rows = [line for line in page(ROOT / "docs" / "bad_input.md").splitlines() if "| `test" in line]
    assert len(rows) > 35
    named = {name for row in rows for name in re.findall(r"`(test_\w+)`", row)}
    assert sorted(named - set(TESTS)) == []
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == 5, row
        # Nothing but a node may know the case.
        assert "`test_" in cells[3 if cells[1].strip() else 4], row


def test_every_test_of_bad_input_has_its_row():
    text = page(ROOT / "docs" / "bad_input.md")
    files = ("test_bad_input.py", "test_bad_bags.py")
    ours = [name for name, path in TESTS.items() if path.name in files]
    missing = [name for name in ours if f"`{name}`" not in text]
    assert missing == ["test_a_good_bag_is_the_measure_of_the_bad_ones"]


def test_every_row_of_a_table_has_its_cells():
    wrong = []
    for path in PAGES:
        width = 0
        for number, line in enumerate(page(path).splitlines(), 1):
            cells = len(re.split(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            if cells and width and cells != width:
                wrong.append(f"{path.name}:{number}")
            width = cells
    assert wrong == []
