"""The `ddff` command: one entry per job, each in its own file under `commands/`."""

from __future__ import annotations

import os
import signal
import sys

import cv2
import typer
from rich.console import Console

from .commands import bag, demo, engine, export, info, play, report, run, simulate, train
from .depth_from_focus.commands import calibrate, depth, evaluate, refocus, stack
from .reflection.commands import reflection
from .types import InputError

BAD_INPUT = 2

app = typer.Typer(
    name="ddff",
    help="Depth from focus, and reflections by polarization: on files, bags and live cameras.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command()(depth.depth)
app.command()(stack.stack)
app.command()(refocus.refocus)
app.command()(reflection.reflection)
app.command("eval")(evaluate.evaluate)
app.command()(report.report)
app.command()(demo.demo)
app.command()(play.play)
app.command("run")(run.run)
app.command()(train.train)
app.command()(export.export)
app.command()(info.bench)
app.command()(info.info)
app.add_typer(bag.app, name="bag", help="Look into, evaluate and compare recorded bags.")
app.add_typer(engine.app, name="engine", help="What networks run in: build, list, clear, time.")
app.add_typer(
    simulate.app,
    name="simulate",
    help="Path-traced focus sweeps and glass panes, with their truth.",
)
app.add_typer(calibrate.app, name="calibrate", help="Calibrate a lens.")


def main() -> None:
    """Runs `ddff`; an input that cannot be used ends with one sentence and status 2."""
    _silence_opencv()
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
