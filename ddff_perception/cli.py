"""The `ddff` command: one entry per job, each in its own file under `commands/`."""

from __future__ import annotations

import os
import signal
import sys

import typer
from rich.console import Console

from .commands import (
    bag,
    calibrate,
    demo,
    depth,
    evaluate,
    info,
    play,
    report,
    run,
    simulate,
    stack,
)
from .types import InputError

app = typer.Typer(
    name="ddff",
    help="Depth from focus: a focus sweep in, metric depth out. On files, bags and live cameras.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command()(depth.depth)
app.command()(stack.stack)
app.command("eval")(evaluate.evaluate)
app.command()(report.report)
app.command()(demo.demo)
app.command()(play.play)
app.command("run")(run.run)
app.command()(info.bench)
app.command()(info.info)
app.add_typer(bag.app, name="bag", help="Look into, evaluate and compare recorded bags.")
app.add_typer(simulate.app, name="simulate", help="Path-traced focus sweeps with exact depth.")
app.add_typer(calibrate.app, name="calibrate", help="Calibrate a lens.")


def main() -> None:
    """Runs `ddff`; an input that cannot be used ends with one sentence and status 2."""
    try:
        app(prog_name="ddff")
    except InputError as error:
        Console(stderr=True).print(f"ddff: {error}", style="red", markup=False, soft_wrap=True)
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output has gone (`ddff info | head`): that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
