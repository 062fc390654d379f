"""Reflection separation, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.reflection"
_CAMERA = "ddff_perception.simulation.polarizer_camera"

REFLECTION = Capability(
    name="reflection",
    description="polarization camera in, reflections and what lies behind them out",
    nodes={"reflection_separation": Reference(f"{_HERE}.interface:REFLECTION_SEPARATION")},
    sensors={"sim_polarizer_camera": Reference(f"{_CAMERA}.interface:SIM_POLARIZER_CAMERA")},
    commands=(Command("reflection", Reference(f"{_HERE}.commands.reflection:reflection")),),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:SeparationRun"),
    results=Reference(f"{_HERE}.evaluation.report:SEPARATION_RESULTS"),
    demo=Reference(f"{_HERE}.evaluation.demo:REFLECTION_DEMO"),
    view=View(
        pictures={
            "image_raw": "raw",
            "image_rect": "image",
            "transmission/image": "image",
            "transmission/confidence": "confidence",
            "reflection/image": "image",
            "polarization/degree": "number",
            "polarization/angle": "angle",
        },
        readings=("filter_state",),
    ),
    networks={
        "surface": Reference(f"{_HERE}.training.networks:SURFACE"),
        "encoder_decoder": Reference(f"{_HERE}.training.networks:ENCODER_DECODER"),
        "direct": Reference(f"{_HERE}.training.networks:DIRECT"),
    },
)
