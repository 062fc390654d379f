"""The papers' shipped networks on every backend."""

from parity import ParityBattery


class TestDDFFNet(ParityBattery):
    name = "ddffnet_cc3"
    sizes = ({"height": 97, "width": 131},)


class TestDynamicFusion(ParityBattery):
    name = "dynamic_fusion"
    sizes = ({"height": 97, "width": 131},)
