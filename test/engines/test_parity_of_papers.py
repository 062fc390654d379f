"""The papers' networks, as they ship, on every backend of `ddff_perception.engines`."""

from parity import ParityBattery

USUAL = {"height": 120, "width": 160}
SIZES = ({"height": 97, "width": 131},)


class TestDDFFNet(ParityBattery):
    name = "ddffnet_cc3"
    usual = USUAL
    sizes = SIZES


class TestDynamicFusion(ParityBattery):
    name = "dynamic_fusion"
    usual = USUAL
    sizes = SIZES
