"""`ddff negative`: an image in, its negative out."""

from pathlib import Path
from typing import Annotated

import typer

from ddff_perception.console import MethodName, Output, Params, ParamsFile, say
from ddff_perception.files.images import read_image
from ddff_perception.ros.parameter_file import given_settings

from .evaluation import FOLDER
from .interface import NEGATIVE_IMAGE
from .methods import METHODS
from .pipeline import NegativePipeline


def negative(
    image: Annotated[Path, typer.Argument(help="Image of 8 or 16 bits.")],
    output: Output = Path("out/negative"),
    method: MethodName = None,
    param: Params = None,
    params_file: ParamsFile = None,
) -> None:
    """Make the negative of an image.

    Example:
      ddff negative photo.png -o out/photo

    """
    given = given_settings(
        NEGATIVE_IMAGE, params_file, param or [], method=method, used=METHODS.parameters
    )
    pipeline = NegativePipeline(NEGATIVE_IMAGE.parameters.complete(given))
    pipeline.add_image(1, read_image(image))
    FOLDER.write(output, pipeline.estimate(), {"image": str(image)})
    pipeline.close()
    say(f"Results are in {output}")
