"""The command line as a whole: what every command has in common."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import typer.core
from command_line import ddff
from typer.testing import CliRunner

from ddff_perception import __version__, cli
from ddff_perception.depth_from_focus.methods import METHODS
from ddff_perception.types import InputError

ROOT = typer.main.get_command(cli.app)
RUNNER = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


def commands(command=ROOT, path=()):
    """Every command with the words that call it."""
    if isinstance(command, typer.core.TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, (*path, name))
    else:
        yield path, command


ALL = dict(commands())


@pytest.mark.parametrize(
    ("arguments", "needed"), [(["--help"], set()), (["info", "--help"], {"commands.info"})]
)
def test_only_the_command_that_is_called_is_imported(arguments, needed):
    """So that start-up does not grow with the number of capabilities."""
    code = (
        "import sys; from ddff_perception import cli\n"
        f"sys.argv = ['ddff', *{arguments}]\n"
        "try: cli.main()\n"
        "except SystemExit: pass\n"
        "names = [n.removeprefix('ddff_perception.') for n in sys.modules]\n"
        "print([n for n in names if 'commands.' in n], file=sys.stderr)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(re.findall(r"'([\w.]+)'", run.stderr)) == needed
    assert "ddff" in run.stdout


def test_the_list_says_of_each_command_what_its_own_help_does():
    listed = " ".join(RUNNER.invoke(cli.app, ["--help"]).output.split())
    for name in cli.commands():
        own = ROOT.commands[name].help.partition("\n\n")[0]
        assert " ".join(own.split())[:60] in listed


def test_every_job_has_its_command():
    expected = {
        "depth", "stack", "eval", "report", "demo", "play", "run", "bench", "info", "bag info",
        "bag eval", "simulate sweep", "simulate bag", "calibrate focus",
    }  # fmt: skip
    assert expected <= {" ".join(path) for path in ALL}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_says_what_each_option_is_and_shows_examples(path):
    result = RUNNER.invoke(cli.app, [*path, "--help"])
    assert result.exit_code == 0
    assert f"ddff {' '.join(path)}" in result.output
    for parameter in ALL[path].params:
        if parameter.name == "help":
            continue
        shown = max(parameter.opts, key=len) if parameter.param_type_name == "option" else None
        assert shown is None or shown in result.output
    assert len(re.findall(r"\bddff \w", result.output)) >= 2


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_argument_is_explained(path):
    assert [p.name for p in ALL[path].params if not getattr(p, "help", None)] == []


def test_no_arguments_show_the_commands(capfd):
    outcome = ddff(capfd)
    text = outcome.output + outcome.errors
    for name in ("depth", "stack", "eval", "bag", "simulate", "calibrate"):
        assert name in text


def test_a_wrong_option_is_status_2_without_a_traceback(capfd):
    for arguments in (("depth",), ("depth", "x", "--no-such"), ("nonsense",), ("bag", "eval")):
        outcome = ddff(capfd, *arguments)
        assert outcome.status == 2
        assert "Traceback" not in outcome.errors
        assert "Usage: ddff" in outcome.errors


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (InputError("no [b]luck[/b] :boom: here"), "ddff: no [b]luck[/b] :boom: here\n"),
        (InputError("two\nlines"), "ddff: two lines\n"),
        (InputError("long " * 60), f"ddff: {('long ' * 60).strip()}\n"),
        (
            PermissionError(13, "Permission denied", "a"),
            "ddff: [Errno 13] Permission denied: 'a'\n",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(capfd, monkeypatch, error, sentence):
    monkeypatch.setattr(cli, "app", failing(error))
    assert ddff(capfd, "info") == (2, "", sentence)


def test_an_interrupt_ends_as_a_shell_expects(capfd, monkeypatch):
    monkeypatch.setattr(cli, "app", failing(KeyboardInterrupt()))
    assert ddff(capfd, "info").status == 130


def test_a_mistake_of_ours_is_not_hidden(capfd, monkeypatch):
    monkeypatch.setattr(cli, "app", failing(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        ddff(capfd, "info")


def test_a_reader_that_leaves_is_no_error():
    code = "from ddff_perception.cli import main; import sys; sys.argv = ['ddff', 'info']; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    errors = process.stderr.read().decode()
    assert process.wait() in (0, 1)
    assert "Traceback" not in errors


def test_info_says_what_is_installed(capfd):
    text = ddff(capfd, "info").output
    assert __version__ in text
    for capability in ("depth_from_focus", "reflection"):
        assert f"methods of {capability}" in text
    content = json.loads(ddff(capfd, "info", "--json").output)
    assert content["version"] == __version__
    methods = {name: set(described) for name, described in content["methods"].items()}
    assert methods["depth_from_focus"] == set(METHODS)
    assert "schechner" in methods["reflection"]
    assert all(text for described in content["methods"].values() for text in described.values())
    assert content["modules"]["rosbags"] is True


def test_the_command_works_as_a_process(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "ddff_perception.cli", "depth", tmp_path / "gone", "-o", "out"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith(f"ddff: {tmp_path / 'gone'} is no folder")
    assert list(Path(tmp_path).iterdir()) == []
