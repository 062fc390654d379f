"""`ddff defocus`: one image in; depth, a defocus map and a sharp image out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...console import AsJson, MethodName, Output, Params, ParamsFile, say, warn
from ...evaluation.depth.evaluation import DepthEvaluation
from ...evaluation.depth.maps import read_depth
from ...evaluation.machine import run_facts
from ...files.atomic import json_text, write_json
from ...files.images import read_image
from ...files.results import require_own
from ...ros.parameter_file import given_settings
from ...types import FloatArray
from ..evaluation.results import FILES, described, write_result
from ..health import conditions
from ..interface import DEPTH_FROM_DEFOCUS
from ..parameters import pipeline_parameters
from ..pipeline import DefocusPipeline, Estimated
from .inputs import lens_of_slice


def defocus(
    image: Annotated[
        Path,
        typer.Argument(
            help="Image, 8 or 16 bits; of a slice of a stack folder the lens is known by stack.json"
        ),
    ],
    output: Output = Path("out/defocus"),
    truth: Annotated[
        Path | None, typer.Option(help="True depth (.npy, .pfm, .png in mm) to compare with.")
    ] = None,
    method: MethodName = None,
    param: Params = None,
    params_file: ParamsFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell depth from the blur of one image, and undo the blur.

    Writes image.png, all_in_focus.png, defocus.npy (signed diameter of the blur disc, px; positive
    behind the plane in focus), confidence.npy, summary.json and, where the lens is known,
    metric_depth.npy and other_depth.npy (metres; the second if all lay on the other side of the
    plane in focus). `ddff report` makes a page with a slider.

    Examples:
      ddff defocus photo.jpg -p lens.focus_distance_m=0.6 -p lens.blur_per_dioptre_px=9 -p side=far

      ddff defocus stack/004.png -o out/desk --truth stack/depth.npy

      ddff defocus photo.jpg --params-file lens.yaml -o out/photo

    """
    given = given_settings(
        DEPTH_FROM_DEFOCUS, params_file, param or [], method=method, used=pipeline_parameters
    )
    require_own(output, FILES)
    picture, true = read_image(image), None if truth is None else read_depth(truth)
    found_lens, camera = lens_of_slice(image, picture)
    values = DEPTH_FROM_DEFOCUS.parameters.complete({**found_lens, **given})
    pipeline = DefocusPipeline(values)
    pipeline.camera = camera
    try:
        pipeline.add_image(1, picture)
        result = pipeline.sharpen(pipeline.estimate())
    finally:
        pipeline.close()
    summary = {
        **run_facts(),
        "file": str(image),
        "width": picture.shape[1],
        "height": picture.shape[0],
        **described(result),
        "parameters": pipeline_parameters(result.method).part(values),
        "scores": _scores(result, true),
    }
    write_result(output, result)
    write_json(output / "summary.json", summary)
    if as_json:
        typer.echo(json_text(summary))
    else:
        _tell(result, pipeline.moved(result.found), summary, output)
    if true is not None and not summary["scores"]:
        warn("Nothing is compared with the truth: there is no depth")


def _scores(result: Estimated, truth: FloatArray | None) -> dict[str, float]:
    """Errors in dioptres, those of the best constant map, and how much the edges differ
    (`edge_divergence`); empty without truth or depth.
    """
    if truth is None or not np.isfinite(result.found.depth).any():
        return {}
    evaluation = DepthEvaluation(domains=("dioptres",), edges=True)
    evaluation.add(result.found.depth, truth, result.found.confidence)
    return {
        "mae_dioptres": evaluation.scores("filled", "dioptres").mae,
        "constant_dioptres": evaluation.scores("best_constant", "dioptres").mae,
        "edge_divergence": evaluation.edge_divergence,
    }


def _tell(result: Estimated, moved: bool, summary: Mapping[str, Any], output: Path) -> None:
    found = result.found
    for text in filter(None, conditions(found).values()):
        warn(text[0].upper() + text[1:])
    if moved:
        warn(
            f"The image is blurred in one direction ({found.noticed.anisotropy:.1f} times more "
            "than across): by motion, not by defocus. Its depth counts for nothing"
        )
    noticed = found.noticed
    say(f"Discs from {noticed.sharpest_px:.1f} to {noticed.widest_px:.1f} px")
    if found.photograph.lens.complete:
        known = found.depth[np.isfinite(found.depth)]
        sides = {"near": "before", "far": "behind", "both": "before or behind"}
        side = sides[found.photograph.side]
        if known.size:
            say(f"Median depth {np.median(known):.2f} m, {side} the plane in focus")
        else:
            say(f"No point has a depth {side} the plane in focus, but at infinity or beyond")
    for name, value in summary["scores"].items():
        say(f"{name}: {value:.3f}{' 1/m' if name.endswith('dioptres') else ''}")
    say(f"Results are in {output}")
