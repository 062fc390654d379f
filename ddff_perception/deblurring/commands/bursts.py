"""`ddff bursts`: videos, data sets and photographs become bursts to train deblurring on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...capture.given_images import given_images
from ...console import Output, progress_bar, say
from ...files.photographs import VIDEO_SUFFIXES
from ...types import InputError


def bursts(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Sharp videos; folders of photographs, of GoPro, DVD (blur and sharp, input and "
            "GT), or of rendered views (`ddff simulate dataset`)."
        ),
    ],
    output: Output = Path("out/bursts"),
    count: Annotated[int, typer.Option(help="How many at most.", min=1, max=1_000_000)] = 1000,
    frames: Annotated[int, typer.Option(help="Of a burst.", min=2, max=32)] = 8,
    size: Annotated[int, typer.Option(help="Side of the crops.", min=64, max=1024)] = 128,
    seed: Annotated[int, typer.Option(help="Of crops and paths.", min=0)] = 0,
) -> None:
    """Make bursts of blurred frames with their sharp ones, to train deblurring on.

    Frames of a sharp video are interpolated by optical flow and averaged; dark, still and blurred
    ones are left out, and cuts. Photographs and rendered views are moved along camera paths.

    Examples:
      ddff bursts my_sharp_video.mp4 -o my_bursts

      ddff bursts GOPRO_Large/train photographs -o bursts --count 5000

      ddff train deblurring --network burst_stream --preset cpu --data my_bursts -o out/run

    """
    from ..data.making import Wanted, make_bursts

    missing = next((source for source in sources if not source.exists()), None)
    if missing is not None:
        raise InputError(f"there is no {missing}")
    paths = [p for p in sources if p.suffix.lower() in VIDEO_SUFFIXES]
    videos = [(path.name, given_images([path]).images) for path in paths]
    folders = [p for p in sources if p not in paths]
    with progress_bar("bursts", count) as step:
        made = make_bursts(output, videos, folders, Wanted(count, frames, size, seed), step)
    say(f"{made.bursts} bursts are in {output}")
    for why, number in sorted(made.refused.items()):
        say(f"{number} frames of the videos were left out: {why}")
