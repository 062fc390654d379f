"""Depth from focus, as the package knows it."""

from ..capability import Capability, Command, Reference, View

_HERE = "ddff_perception.depth_from_focus"
_PAPERS = f"{_HERE}.training.papers_presets"
_CAMERA = "ddff_perception.simulation.focus_camera"

DEPTH_FROM_FOCUS = Capability(
    name="depth_from_focus",
    description="focus sweep in, metric depth out",
    nodes={
        "depth_from_focus": Reference(f"{_HERE}.interface:DEPTH_FROM_FOCUS"),
        "focus_sweeper": Reference(f"{_HERE}.interface:FOCUS_SWEEPER"),
    },
    sensors={"sim_camera": Reference(f"{_CAMERA}.interface:SIM_CAMERA")},
    commands=(
        Command("depth", Reference(f"{_HERE}.commands.depth:depth")),
        Command("stack", Reference(f"{_HERE}.commands.stack:stack")),
        Command("refocus", Reference(f"{_HERE}.commands.refocus:refocus")),
        Command("bench", Reference(f"{_HERE}.commands.bench:bench")),
        Command("eval", Reference(f"{_HERE}.commands.evaluate:evaluate")),
        Command("calibrate", Reference(f"{_HERE}.commands.calibrate:app"), "Calibrate a lens."),
    ),
    methods=Reference(f"{_HERE}.methods:METHODS"),
    bag=Reference(f"{_HERE}.evaluation.bag:SweepRun"),
    results=Reference(f"{_HERE}.evaluation.report:DEPTH_RESULTS"),
    demo=Reference(f"{_HERE}.evaluation.demo:DEPTH_DEMO"),
    view=View(
        pictures={
            "image_rect": "image",
            "depth/image_rect": "depth",
            "depth/confidence": "confidence",
            "image_all_in_focus": "image",
        },
        clouds=("points",),
        readings=("focus_state",),
    ),
    networks={
        "focus_stream": Reference(f"{_HERE}.training.focus_stream"),
        "ddffnet_upconv": Reference(f"{_PAPERS}:DDFFNET_UPCONV"),
        "ddffnet_unpool": Reference(f"{_PAPERS}:DDFFNET_UNPOOL"),
        "ddffnet_bl": Reference(f"{_PAPERS}:DDFFNET_BL"),
        "ddffnet_cc1": Reference(f"{_PAPERS}:DDFFNET_CC1"),
        "ddffnet_cc2": Reference(f"{_PAPERS}:DDFFNET_CC2"),
        "ddffnet_cc3": Reference(f"{_PAPERS}:DDFFNET_CC3"),
        "pspnet": Reference(f"{_PAPERS}:PSPNET"),
        "dynamic_fusion": Reference(f"{_PAPERS}:DYNAMIC_FUSION"),
    },
)
