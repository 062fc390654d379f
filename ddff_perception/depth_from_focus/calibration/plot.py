"""A lens calibration as a picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from .lens import Calibration

_MEASURED, _CURVE, _LEFT_OUT = "#1f5fa8", "#444444", "#c0392b"


def plot_calibration(calibration: Calibration) -> bytes:
    """PNG: dioptres over lens position, what the sweeps leave over, magnification, focus curves."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7.5), layout="constrained")
    axes = figure.subplots(2, 2)
    _plot_dioptres(axes[0][0], calibration)
    _plot_residuals(axes[1][0], calibration)
    _plot_magnification(axes[0][1], calibration)
    _plot_focus_curves(axes[1][1], calibration)
    unit = calibration.table.unit
    for axis in (axes[0][0], axes[0][1], axes[1][1]):
        axis.set_xlabel("lens position" if unit == "unknown" else f"lens position ({unit})")
    for axis in axes.flat:
        axis.grid(alpha=0.25)
        axis.spines[["top", "right"]].set_visible(False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()


def _plot_dioptres(axis: Any, calibration: Calibration) -> None:
    table = calibration.table
    x = np.linspace(table.positions[0], table.positions[-1], 300)
    axis.plot(x, table.dioptres_at(x), color=_CURVE, lw=1.3, label="table")
    axis.axvspan(*calibration.measured_positions, color=_MEASURED, alpha=0.06, lw=0)
    for used, colour, marker, label in (
        (True, _MEASURED, "o", "measured"),
        (False, _LEFT_OUT, "x", "left out"),
    ):
        chosen = [s for s in calibration.sweeps if s.used is used and np.isfinite(s.sharpest)]
        if chosen:
            points = [(s.sharpest, 1 / s.distance_m) for s in chosen]
            axis.plot(*np.array(points).T, marker, color=colour, label=label)
    axis.set_ylabel("1 / focus distance (1/m)")
    axis.set_title("Focus distance over lens position")
    axis.legend(frameon=False)


def _plot_residuals(axis: Any, calibration: Calibration) -> None:
    shown = [s for s in calibration.sweeps if np.isfinite(s.residual_dpt)]
    colours = [_MEASURED if s.used else _LEFT_OUT for s in shown]
    axis.bar(range(len(shown)), [s.residual_dpt for s in shown], color=colours, width=0.6)
    axis.set_xticks(range(len(shown)), [f"{s.distance_m:g} m" for s in shown])
    axis.axhline(0, color=_CURVE, lw=0.8)
    axis.set_ylabel("measured less table (1/m)")
    axis.set_title(f"Residuals, rms {calibration.rms_dpt:.4f} 1/m")


def _plot_magnification(axis: Any, calibration: Calibration) -> None:
    table = calibration.table
    x = np.linspace(table.positions[0], table.positions[-1], 300)
    axis.plot(x, table.magnification(x), color=_CURVE, lw=1.3)
    for sweep in calibration.sweeps:
        if sweep.used and len(sweep.scales):
            position, scale = sweep.scales.T
            reference = float(table.magnification(sweep.reference))
            axis.plot(position, scale * reference, ".", ms=4, label=f"{sweep.distance_m:g} m")
    axis.set_ylabel("magnification")
    axis.set_title("Focus breathing")
    if len(calibration.sweeps) <= 12:
        axis.legend(frameon=False, fontsize=7, title="board at", title_fontsize=7)


def _plot_focus_curves(axis: Any, calibration: Calibration) -> None:
    for sweep in calibration.sweeps:
        if sweep.measures.max(initial=0.0) > 0:
            style = "-" if sweep.used else ":"
            axis.plot(sweep.positions, sweep.measures / sweep.measures.max(), style, lw=1)
    axis.set_ylabel("sharpness of the board (1 = best)")
    axis.set_title("Focus curves")
