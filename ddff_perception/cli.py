"""The `ddff` command: one entry per job, each imported when it is used or listed."""

from __future__ import annotations

import ast
import importlib.util
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import cv2
import typer
import typer.core
import typer.main
from rich.console import Console

from .capability import Command, Reference
from .files.results import written_by
from .memory import FOR_JOBS, keep_freed_memory
from .registry import CAPABILITIES
from .types import InputError

BAD_INPUT = 2
# Of no capability: name, code, and the help of a group.
_COMMANDS = tuple(
    Command(name, Reference(f"ddff_perception.commands.{code}"), text)
    for name, code, text in (
        ("report", "report:report", ""),
        ("demo", "demo:demo", ""),
        ("play", "play:play", ""),
        ("run", "run:run", ""),
        ("view", "view:view", ""),
        ("train", "train:train", ""),
        ("export", "export:export", ""),
        ("info", "info:info", ""),
        ("assets", "assets:app", "Models, photographs and light for scenes."),
        ("bag", "bag:app", "Look into, evaluate and compare recorded bags."),
        ("engine", "engine:app", "What networks run in: build, list, clear, time."),
        (
            "simulate",
            "simulate:app",
            "Path-traced focus sweeps, glass panes and labelled scenes, with their truth.",
        ),
    )
)


def commands() -> dict[str, Command]:
    """Every command by name: those of the capabilities first."""
    return {c.name: c for c in (*_of_capabilities(), *_COMMANDS) if not c.group}


def _of_capabilities() -> Iterator[Command]:
    return (command for capability in CAPABILITIES.values() for command in capability.commands)


class _Commands(Mapping[str, Any]):
    """What Typer runs, by name; imported when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        command = commands()[name]
        code, holder = command.code.load(), typer.Typer(rich_markup_mode="rich")
        if isinstance(code, typer.Typer):
            _join(code, name)
            holder.add_typer(code, name=name, help=command.help)
        else:
            holder.command(name)(code)
        _sign(holder, "ddff")
        return typer.main.get_group(holder).commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(commands())

    def __len__(self) -> int:
        return len(commands())


def _join(app: typer.Typer, name: str) -> None:
    """Brings what capabilities add to the group `name` into its `app`, once."""
    there = {command.name for command in app.registered_commands}
    for command in _of_capabilities():
        if command.group == name and command.name not in there:
            app.command(command.name)(command.code.load())


def _sign(group: typer.Typer, path: str) -> None:
    """What a command writes bears its name (`files.results`)."""
    for command in group.registered_commands:
        assert command.callback is not None
        if not hasattr(command.callback, "__wrapped__"):
            name = command.name or command.callback.__name__.replace("_", "-")
            command.callback = written_by(f"{path} {name}")(command.callback)
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        _sign(inner.typer_instance, f"{path} {inner.name}")


class _LazyGroup(typer.core.TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = cast(Any, _Commands())

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Shows what the commands say of themselves in their source, and imports none of them."""
        self.commands = cast(
            Any,
            {name: typer.core.TyperCommand(name, help=_said(c)) for name, c in commands().items()},
        )
        super().format_help(ctx, formatter)
        self.commands = cast(Any, _Commands())


def _said(command: Command) -> str:
    """The first paragraph of a command's docstring, or a group's help."""
    module, _, name = command.code.text.partition(":")
    spec = importlib.util.find_spec(module)
    if command.help or spec is None or spec.origin is None:
        return command.help
    found = [
        ast.get_docstring(node)
        for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    return str(found[0] if found else command.code.load().__doc__).partition("\n\n")[0]


app = typer.Typer(
    name="ddff",
    cls=_LazyGroup,
    help="Depth from focus, and reflections by polarization: on files, bags and live cameras.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
# Without a command of its own Typer wants a callback.
app.callback()(lambda: None)


def main() -> None:
    """Runs `ddff`; an input that cannot be used ends with one sentence and status 2."""
    _silence_opencv()
    keep_freed_memory(FOR_JOBS)
    try:
        app(prog_name="ddff")
    except BrokenPipeError:
        # The reader of our output has gone (`ddff info | head`): that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (InputError, OSError) as error:
        sentence = " ".join(f"ddff: {error}".split())
        Console(stderr=True).print(
            sentence, style="red", markup=False, emoji=False, highlight=False, soft_wrap=True
        )
        sys.exit(BAD_INPUT)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _silence_opencv() -> None:
    """What OpenCV logs of a damaged image would come before our sentence, and says less."""
    logging = getattr(cv2.utils, "logging", None)
    if logging is not None:
        logging.setLogLevel(logging.LOG_LEVEL_SILENT)


if __name__ == "__main__":
    main()
