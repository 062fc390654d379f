"""What every command shares: the console and progress bars."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .types import InputError

T = TypeVar("T")
console = Console()
# Tables and JSON go to stdout, progress to stderr, so that output can be piped.
progress_console = Console(stderr=True)


Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")]
MethodName = Annotated[
    str | None, typer.Option("--method", help="How it is done; a wrong name lists the methods.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        "-p",
        help="name=value, by the names of the node's parameters, as often as needed.",
        metavar="NAME=VALUE",
    ),
]
ParamsFile = Annotated[
    Path | None,
    typer.Option(help="ROS 2 parameter file that names the node; --param counts before it."),
]


def say(text: str) -> None:
    """One line on stdout, as it is: a path is never broken, no character is markup."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def warn(text: str) -> None:
    """One line on stderr, for what the user should change but what does not stop the work."""
    progress_console.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


@contextmanager
def progress_bar(what: str, total: int | None = None) -> Iterator[Callable[..., None]]:
    """A progress bar on stderr that vanishes when the work is done; none into a file or pipe.

    Yields what is called with the number of steps done, without it after each step, and with the
    `total` or `what` where these change.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    hidden = not progress_console.is_terminal
    with Progress(*columns, console=progress_console, transient=True, disable=hidden) as bar:
        task = bar.add_task(what, total=total)

        def report(
            done: int | None = None, total: int | None = None, *, what: str | None = None
        ) -> None:
            step = 1 if done is None and what is None else None
            bar.update(task, completed=done, total=total, advance=step, description=what)

        yield report


def replace_given(settings: T, **values: Any) -> T:
    """`settings` (a dataclass) with the values of options that were given: that are not None."""
    made: Any = settings
    return cast(T, replace(made, **{k: v for k, v in values.items() if v is not None}))


def parse_numbers(text: str, what: str) -> tuple[float, ...]:
    """Numbers with commas, `what` they are with an example; raises InputError on anything else."""
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"{text!r} is no list of {what}") from None


parse_distances = partial(parse_numbers, what="distances in metres such as 0.5,0.8,inf")
parse_angles = partial(parse_numbers, what="angles in degrees such as 0,45,90")
