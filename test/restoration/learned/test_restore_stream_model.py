"""The shipped RestoreStream in every engine, and that it does no harm."""

from __future__ import annotations

from typing import ClassVar

import pytest
from bursts import psnr
from degraded_images import clean, noisy, run
from parity import ParityBattery

NETWORK = "restore_stream"


class TestShippedEstimator(ParityBattery):
    name = "restore_stream_estimator"
    usual: ClassVar = {"height": 64, "width": 96}
    multiple = 8


class TestShippedRestorer(ParityBattery):
    name = "restore_stream_restorer"
    usual: ClassVar = {"height": 64, "width": 96}
    multiple = 8


@pytest.mark.parametrize("sigma", [0.0, 3.0, 20.0, 40.0])
def test_it_is_no_worse_than_the_method_without_learning(sigma: float) -> None:
    true = clean(160)
    image = noisy(true, sigma) if sigma else true
    (without,), (learned,) = (run([image], method=name)[1] for name in ("adaptive", NETWORK))
    assert psnr(learned.found.image, true) >= psnr(without.found.image, true)
    assert learned.found.untouched == (sigma == 0.0)
