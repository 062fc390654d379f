"""Whether images behind a polarizer are coded as sRGB and were taken for linear ones.

What bends the response bends the curve `(s0 + s1 cos 2φ + s2 sin 2φ) / 2` too, by about half its
second derivative times the polarization squared. Of four angles or more that is what no curve
explains; of three it is light polarized across the one axis that a flat pane has. How it would look
is known from the decoded images, and what is seen either looks so or does not, whatever the noise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...optics.srgb import srgb_decode, srgb_encode
from ...types import FloatArray

# Of what the coding would do, as much must be seen, and what is seen correlate with it by this, of
# three angles and of more. Four linear captures of cameras came to 0.25, coded they had 0.44 on.
_LEAST_SHARE = 0.5
_LEAST_CORRELATION = {3: 0.12, 4: 0.35}
# Of so many standard deviations of chance no correlation is.
_SURELY = 5.0
# Three angles say nothing where more than this share of the polarization has another axis.
_OFF_AXIS = 0.15
_TINY = 1e-20


def seem_coded(curve: NDArray[np.float64], values: FloatArray) -> bool:
    """Whether `values` (N x P, 0..1; means over cells, as noise and JPEG look like nothing) at the
    angles of `curve` (N x 3, from Stokes parameters to images) look as sRGB codes such light.
    """
    inverse = np.linalg.pinv(curve)
    light = inverse @ srgb_decode(values)
    few = len(values) == 3
    if few:
        axis = _axis(light)[:, None]
        along = axis * (axis.T @ light[1:])
        if _power(light[1:] - along) > _OFF_AXIS**2 * _power(light[1:]):
            return False
        light[1:] = along
    coded = srgb_encode(np.clip(curve @ light, 0, 1).astype(np.float32))
    if few:
        x, y = _axis(inverse @ values)
        left = np.array([[0.0, -y, x]]) @ inverse
    else:
        left = np.eye(len(values)) - curve @ inverse
    seen, expected = left @ values, left @ coded
    both = float(np.vdot(seen, expected))
    share = both / (_power(expected) + _TINY)
    correlation = both / (np.sqrt(_power(seen) * _power(expected)) + _TINY)
    least = max(_LEAST_CORRELATION[3 if few else 4], _SURELY / np.sqrt(values.shape[1]))
    return bool(share > _LEAST_SHARE and correlation > least)


def _axis(stokes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The direction of most of the polarization in (s1, s2), of length 1."""
    return np.asarray(np.linalg.eigh(stokes[1:] @ stokes[1:].T)[1][:, 1])


def _power(values: NDArray[np.float64]) -> float:
    return float(np.vdot(values, values))
