"""Deblurring of bursts, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.deblurring"
_CAMERA = "ddff_perception.simulation.moving_camera"

DEBLURRING = Capability(
    name="deblurring",
    description="frames of a moving camera in, frames without motion blur out",
    nodes={"burst_deblurring": Reference(f"{_HERE}.interface:BURST_DEBLURRING")},
    sensors={"sim_moving_camera": Reference(f"{_CAMERA}.interface:SIM_MOVING_CAMERA")},
    commands=(
        Command("deblur", Reference(f"{_HERE}.commands.deblur:deblur")),
        Command("bursts", Reference(f"{_HERE}.commands.bursts:bursts")),
    ),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:DeblurringRun"),
    results=Reference(f"{_HERE}.evaluation.bag:DEBLURRING_RESULTS"),
    networks={
        name: Reference(f"{_HERE}.training.networks:{name.upper()}")
        for name in (
            "burst_stream",
            "rdn",
            "fourier_net",
            "stacked",
            "batch_merged",
            "single_image",
            "conv_gru",
            "conv_lstm",
        )
    },
    demo=Reference(f"{_HERE}.evaluation.demo:DEBLURRING_DEMO"),
    view=View(
        pictures={
            "image_rect": "image",
            "deblurred/image": "image",
            "deblurred/confidence": "confidence",
        }
    ),
)
