"""FuseLight in every engine."""

from parity import ParityBattery


class TestFuseLight(ParityBattery):
    """Smaller than typical, which takes long where sizes change."""

    name = "fuse_light"
    usual = {"height": 96, "width": 128}  # noqa: RUF012
