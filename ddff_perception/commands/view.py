"""`ddff view`: what nodes and recordings show, in a browser."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..console import progress_bar, say, warn
from ..files.bags_salvage import looks_like_bag
from ..types import InputError

if TYPE_CHECKING:
    from ..viewing.page import Page
    from ..viewing.source import Source

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def view(
    source: Annotated[
        Path | None,
        typer.Argument(help="Bag, or results that hold one (as of ddff demo); else live topics."),
    ] = None,
    node: Annotated[
        str, typer.Option(help="Look at this node first; in a bag, this capability.")
    ] = "",
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than loopback let others in.")
    ] = LOOPBACK[0],
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)] = 8080,
    dark: Annotated[bool, typer.Option(help="Light on dark.")] = False,
    seconds: Annotated[float, typer.Option(help="End after so long; 0 runs until Ctrl-C.")] = 0.0,
    rrd: Annotated[
        Path | None, typer.Option(help="Write the bag as this file of Rerun, and show nothing.")
    ] = None,
) -> None:
    """Look at nodes or a bag in a browser: pictures, cloud, state, parameters.

    Live, any node of the ROS domain can be chosen: its images, depth and confidence in colours that
    are explained, its cloud in 3D, diagnostics, timings, the lens, and its parameters, which can be
    set. A bag is played with a slider. Topics are subscribed only while a browser looks at them.
    The page takes nothing from the internet; who reaches it can set parameters: it listens on
    loopback alone unless --host says otherwise.

    Examples:
      ddff view

      ddff view out/demo

      ddff view my_bag --node segmentation --port 9000

      ddff view my_bag --rrd my_bag.rrd

    """
    if rrd is not None:
        _export(source, rrd)
        return
    from ..viewing.page import PERIOD_S, Page
    from ..viewing.server import address, start_server, stop_server

    opened = _recording(source) if source is not None else _live()
    server = None
    try:
        server = start_server(host, port)
        if host not in LOOPBACK:
            warn(f"whoever reaches {host}:{server.get_port()} can set parameters of the nodes")
        page = Page(server, opened, node, dark=dark)
        say(f"open {address(host, server.get_port())} in a browser; Ctrl-C ends")
        _run(opened, page, seconds, PERIOD_S)
    finally:
        if server is not None:
            stop_server(server)
        opened.close()


def _run(source: Source, page: Page, seconds: float, period_s: float) -> None:
    end = time.monotonic() + seconds
    try:
        while not seconds or time.monotonic() < end:
            source.wait(period_s)
            page.tick()
    except KeyboardInterrupt:
        return


def _export(source: Path | None, file: Path) -> None:
    from ..viewing.rerun_file import write_rrd

    if source is None:
        raise InputError("--rrd writes a recording: give the bag")
    with progress_bar("writing messages") as report:
        notes = write_rrd(_bag(source), file, report)
    for note in notes:
        warn(note)
    say(f"open it by `rerun {file}`")


def _recording(source: Path) -> Source:
    from ..viewing.recording import Recording

    return Recording(_bag(source))


def _bag(source: Path) -> Path:
    """The bag itself, or the one that results hold."""
    inner = source / "bag"
    path = inner if looks_like_bag(inner) else source
    if source.is_dir() and not looks_like_bag(path):
        raise InputError(
            f"{source} is no bag and holds none: record one with bag_recorder or `ddff demo`, or "
            "play a folder with `ddff play` and look at it live"
        )
    return path


def _live() -> Source:
    from ..ros.nodes import node_environment

    os.environ.update(node_environment())
    try:
        from ..viewing.live_node import open_live
    except ImportError as error:
        raise InputError(
            f"live topics need ROS 2 ({error.name} is missing): source a ROS installation, or look "
            "at a bag"
        ) from error
    return open_live()
