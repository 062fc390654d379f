"""Learning curves: CSV files that grow as training runs, and one picture of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d

from ..files.atomic import remove, write_bytes
from ..files.results import record_growing
from ..types import InputError

Row = Mapping[str, float]
RATES = "rates.png"
_FEWEST = 4


class Curve:
    """A CSV file with one line per entry; the first column is `step`.

    `resumed_step`: None begins anew; otherwise the lines up to that step stay.
    """

    def __init__(self, path: Path, resumed_step: int | None = None) -> None:
        self._path = path
        self._columns: list[str] | None = None
        rows: list[dict[str, float]] = []
        if resumed_step is not None and path.is_file():
            rows = [row for row in read_curve(path) if row["step"] <= resumed_step]
        if rows:
            self._columns = list(rows[0])
            text = io.StringIO()
            writer = csv.DictWriter(text, self._columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            write_bytes(path, text.getvalue().encode())
        else:
            remove(path)
        record_growing(path)

    def add(self, row: Row) -> None:
        """One more line; columns are those of the first line. Raises InputError on a full disk."""
        fresh = self._columns is None
        columns = self._columns = self._columns or list(row)
        try:
            with self._path.open("w" if fresh else "a", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(
                    file, columns, restval="", extrasaction="ignore", lineterminator="\n"
                )
                if fresh:
                    writer.writeheader()
                writer.writerow({name: f"{value:.6g}" for name, value in row.items()})
        except OSError as error:
            raise InputError(f"cannot write {self._path}: {error.strerror or error}") from error


def read_curve(path: Path) -> list[dict[str, float]]:
    """The lines of a curve; raises InputError where it is none."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return [
                {name: float(text) if text else float("nan") for name, text in row.items()}
                for row in csv.DictReader(file)
                if row.get("step")
            ]
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no learning curve: {error}") from error


def draw_curves(folder: Path) -> Path | None:
    """`curves.png` in `folder` from its train.csv and validation.csv; None without a train.csv."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    kinds = [k for k in ("train", "validation") if (folder / f"{k}.csv").is_file()]
    curves = {kind: read_curve(folder / f"{kind}.csv") for kind in kinds}
    if not curves.get("train"):
        return None
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for kind, rows in curves.items():
        steps = [row["step"] for row in rows]
        axes.plot(steps, [row["loss"] for row in rows], label=kind)
    if all(row["loss"] > 0 for rows in curves.values() for row in rows):
        axes.set_yscale("log")
    axes.set_xlabel("step")
    axes.set_ylabel("loss")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    return _saved(figure, folder / "curves.png")


def draw_rates(folder: Path) -> float:
    """`rates.png` in `folder`: train.csv's loss against its learning rate, which rose; returns the
    rate at which the loss falls fastest (Smith, WACV 2017). Raises InputError on fewer than four
    lines.
    """
    from matplotlib.figure import Figure

    rows = read_curve(folder / "train.csv")
    if len(rows) < _FEWEST:
        raise InputError(
            f"{folder / 'train.csv'} has {len(rows)} lines, too few to tell a learning rate: "
            "set more steps or a smaller log_every"
        )
    rates = np.array([row["learning_rate"] for row in rows])
    losses = np.array([row["loss"] for row in rows])
    # Batches differ; the last line is where it exploded.
    smooth = gaussian_filter1d(losses[:-1], len(rates) / 20)
    steepest = float(rates[np.argmin(np.diff(smooth))])
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(rates, losses)
    axes.axvline(steepest, linestyle="--", color="grey")
    axes.set_xscale("log")
    axes.set_title(f"the loss falls fastest at {steepest:.2g}")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    axes.grid(visible=True, alpha=0.3)
    _saved(figure, folder / RATES)
    return steepest


def _saved(figure: Any, path: Path) -> Path:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    write_bytes(path, buffer.getvalue())
    return path
