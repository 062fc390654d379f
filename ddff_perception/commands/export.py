"""`ddff export`: a training checkpoint becomes an ONNX file with its card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..console import say, warn
from ..engines.create import create_engine
from ..engines.model_card import PRECISIONS
from ..engines.model_zoo import find_model
from ..files.atomic import make_folder, write_bytes
from ..files.images import read_json
from ..registry import CAPABILITIES
from ..types import InputError, require_choice
from ._training import trainable, training_packages


def export(
    capability: Annotated[str, typer.Argument(help=f"One of: {', '.join(CAPABILITIES)}.")],
    checkpoint: Annotated[Path, typer.Argument(help="The weights.safetensors of `ddff train`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the files.")] = Path(
        "out/export"
    ),
    precision: Annotated[
        str, typer.Option(help="Type of the weights: float32, float16 or int8.")
    ] = "float32",
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", "-d", help="Training stacks that int8 is calibrated on."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            help="name=value of the network, where what is exported depends on it: heads=depth.",
            metavar="NAME=VALUE",
        ),
    ] = None,
) -> None:
    """Turn a checkpoint into ONNX and a model card, and show that the result runs.

    Where it learned from assets of others, NETWORK.credits.md names their creators and licences.

    Examples:
      ddff export depth_from_focus out/run/weights.safetensors

      ddff export depth_from_focus out/run/weights.safetensors --precision float16 -o my_weights

      ddff export depth_from_focus out/run/weights.safetensors --precision int8
      --data out/training_stacks

    """
    require_choice("precision", precision, [name for name in PRECISIONS if name != "bfloat16"])
    if not checkpoint.is_file():
        raise InputError(f"there is no checkpoint {checkpoint}")
    exported = trainable(capability, "export")
    with training_packages("exporting"):
        from ..training.export import export_weights

        written = export_weights(
            exported, checkpoint, make_folder(output), precision, data or (), settings or ()
        )
    assets: set[str] = set()
    for path in written:
        # What was written must be found, loaded, and take what its card promises.
        with create_engine(find_model(path), "onnxruntime") as engine:
            engine.warm_up()
            say(f"wrote {path} ({engine.model.card.size_bytes / 1024**2:.2f} MiB) and its card")
            assets.update(engine.model.card.assets)
    if assets:
        _write_credits(output, str(read_json(checkpoint.with_suffix(".json"))["network"]), assets)


def _write_credits(folder: Path, network: str, assets: set[str]) -> None:
    from ..simulation.assets.credits import credits_text

    try:
        text = credits_text(network, assets)
    except InputError as error:
        warn(f"no credits of what {network} learned from: {error}")
        return
    path = folder / f"{network}.credits.md"
    write_bytes(path, text.encode())
    say(f"wrote {path}: its cards list {len(assets)} assets of others")
