"""Pictures of a report side by side as one PNG file, by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from ...files.atomic import write_bytes
from .blocks import Picture
from .colours import to_bgr


def write_pictures(path: Path, pictures: Sequence[Picture], columns: int = 2) -> None:
    """Pictures with captions and colour scales, side by side, as a PNG at `path`.

    Raises InputError where it cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    rows = -(-len(pictures) // columns)
    buffer = io.BytesIO()
    with mpl.rc_context({"text.parse_math": False, "font.size": 9.0}):
        figure = Figure(figsize=(4.0 * columns, 3.6 * rows), layout="constrained")
        for number, picture in enumerate(pictures, start=1):
            axes = figure.add_subplot(rows, columns, number)
            axes.imshow(to_bgr(picture.image)[:, :, ::-1])
            axes.set_title(picture.caption, loc="left", fontsize="medium")
            axes.set_axis_off()
            if (scale := picture.scale) is not None:
                colours = LinearSegmentedColormap.from_list("scale", list(scale.stops))
                bar = figure.colorbar(ScalarMappable(cmap=colours), ax=axes, location="bottom")
                bar.set_ticks(
                    [at for at, _ in scale.marks], labels=[text for _, text in scale.marks]
                )
        figure.savefig(buffer, format="png", dpi=160)
    write_bytes(path, buffer.getvalue())
