"""Writes what the code and the benchmark records know into files: run after either changed.

    python tools/write_docs.py

`docs/nodes.md`, `config/`, `scripts/` and `launch/` have a section or a file for each node of the
registry; `docs/methods.md` lists the capabilities' methods; `docs/benchmarks.md` comes from
`docs/benchmarks/*.json`, the parameters in `docs/engines.md` and `docs/training.md` from theirs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ddff_perception.commands.info import method_descriptions
from ddff_perception.engines.settings import ENGINE_PARAMETERS
from ddff_perception.registry import CAPABILITIES, nodes
from ddff_perception.retrieval.settings import IndexSettings, SearchSettings
from ddff_perception.ros.describe import markdown, parameter_file, parameter_table
from ddff_perception.ros.nodes import node_interface
from ddff_perception.training.presets import FitSettings

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
_SCRIPT = """#!/usr/bin/env python3
from {module} import main

raise SystemExit(main())
"""
_LAUNCH = '''"""Starts {name}; `--show-args` tells what can be given."""

from launch import LaunchDescription

from ddff_perception.ros.launch_actions import launch_description


def generate_launch_description() -> LaunchDescription:
    return launch_description("{name}")
'''
# What comes after this line of the page on training is written here.
_SETTINGS = "<!-- written by tools/write_docs.py -->"
_LEARNED = {
    "method": "method",
    "mae_dpt": "error [1/m]",
    "ratio_to_yardstick": "ratio",
    "half_mae_dpt": "confident half [1/m]",
    "abs_rel": "Abs rel",
    "delta_1": "δ %",
    "delta_2": "δ² %",
    "calibration_error": "calibration",
    "parameters_m": "parameters [million]",
    "operations_g": "multiply-adds [10⁹]",
    "median_s": "s per stack",
}
_CAPTURES = {
    "capture": "capture",
    "method": "method",
    "score_is": "score",
    "score": "value",
    "torn_percent": "torn %",
    "off_plane_percent": "off its plane %",
}
_RETRIEVAL = {
    "queries": "queries",
    "target": "recall@10",
    "index": "index",
    "setting": "setting",
    "recall": "reached",
    "bytes": "bytes",
    "processor_us": "of one processor [us]",
    "ratio_processor": "ratio",
    "rate_1_hz": "1 thread [Hz]",
    "ratio_1": "ratio",
    "rate_2_hz": "2 threads [Hz]",
    "ratio_2": "ratio",
}
# What each record is about, in the order of the page: title, what to say, columns by key.
SECTIONS: dict[str, tuple[str, str, dict[str, str]]] = {
    "judges": (
        "Judges from elsewhere",
        "Families that share with training no model, environment map, photograph, texture, layout "
        "or seed (`make accuracy`). `rooms`: six stage sets of held-out furniture; `odd`: six "
        "scenes of own shapes and held-out photographs; `light_fields`: four scenes from 7 x 7 "
        "cameras, refocused; `blank`: grey noise, darkness and saturation. The first two are path "
        "traced through a thin lens, 480x360, 8 to 12 slices. Errors at full coverage over all "
        "pixels, ratios to the yardstick, to `multiscale` and to the best constant map of each "
        "stack. `depth of nothing`: per cent of the pixels where the sharp image is even over an "
        "eighth of its width that have a depth with a confidence of 0.1 or more. Of the real "
        "captures no depth is known: `torn` are pixels whose depth is over a quarter of the sweep "
        "from the median of their 15 x 15 surroundings while no slice shows anything there; `off "
        "its plane` those of the plain shelf (`lytro_stack_45`) over a tenth of the sweep from its "
        "median, and of the sheet (`macro_ring`) from the plane that fits it best.",
        {
            "family": "family",
            "method": "method",
            "stacks": "stacks",
            "mae_dpt": "error [1/m]",
            "ratio_to_yardstick": "/ yardstick",
            "ratio_to_multiscale": "/ multiscale",
            "ratio_to_constant": "/ constant",
            "delta_1": "δ %",
            "calibration_error": "calibration",
            "blank_percent": "depth of nothing %",
        },
    ),
    "accuracy": (
        "Accuracy on path-traced stacks",
        "Eight stacks of rooms and table tops, half with plain walls, rendered by Mitsuba's "
        "thin lens with seeds that nothing was tuned on. Mean absolute error in dioptres over"
        " all pixels at full coverage; `ratio` is to the yardstick (sum-modified Laplacian as"
        " everyone writes it); the confident half is the 50 % of the pixels with the highest "
        "confidence, its ratio to the yardstick's error on all pixels. `calibration`: "
        "expected calibration error of the confidence.",
        {
            "method": "method",
            "mae_dpt": "error [1/m]",
            "ratio_to_yardstick": "ratio",
            "half_mae_dpt": "confident half [1/m]",
            "half_ratio_to_yardstick": "ratio",
            "abs_rel": "Abs rel",
            "delta_1": "δ %",
            "delta_2": "δ² %",
            "delta_3": "δ³ %",
            "bumpiness": "bumpiness",
            "calibration_error": "calibration",
            "median_s": "s per stack",
        },
    ),
    "learned_accuracy": (
        "Learned depth on the same stacks",
        "The stacks and scores of the first table, whose seeds no training has. `ddffnet` is "
        "DDFFNet-CC3, `dynamic_fusion` that of Piao et al., both far smaller and trained far "
        "shorter than the papers' ([card](models/paper_networks.md)). Multiply-adds are for ten "
        "slices of 640x480.",
        _LEARNED,
    ),
    "learned_accuracy_vga": (
        "Learned depth on larger stacks",
        "Four more stacks, of 640x480, 7 to 13 slices. `focus_stream fine` is with its parameter "
        "`fine`.",
        _LEARNED,
    ),
    "learned_accuracy_clean": (
        "Learned depth without noise",
        "Two richly textured stacks without plain walls, rendered with 400 samples per pixel and "
        "without a camera's noise.",
        _LEARNED,
    ),
    "learned_speed": (
        "Speed of FocusStream",
        "640x480, ten slices, two threads. `step` is one new slice to new depth, `stack` all ten "
        "anew; CPU times add up both threads and hold on a busy machine, the others do not.",
        {
            "engine": "engine",
            "slice_cpu_ms": "slice, CPU [ms]",
            "step_cpu_ms": "step, CPU [ms]",
            "stack_cpu_ms": "stack, CPU [ms]",
            "cpu_ratio": "step / stack, CPU",
            "step_ms": "step [ms]",
            "stack_ms": "stack [ms]",
        },
    ),
    "reflection_panes": (
        "Reflections on rendered panes",
        "Panes of glass rendered by polarized path tracing, flat and curved, with a camera's noise "
        "and 8 bits; no training draws their pictures or planes. PSNR in dB of the transmission "
        "(T) and the reflection (R) against the true layer's own brightest value; the truth is the "
        "same view with one lamp lit, averaged over the polarizer's angles, and no method is "
        "rescaled. RMSE as a share of that brightest value; `harm`: pixels that end further from "
        "the true transmission than the plain input; `worst 5 %`: the mean error of the worst "
        "twentieth of the pixels.",
        {
            "method": "method",
            "incidence_deg": "incidence [deg]",
            "views": "views",
            "transmission_psnr_db": "T [dB]",
            "transmission_rmse": "RMSE",
            "transmission_ssim": "SSIM",
            "reflection_psnr_db": "R [dB]",
            "reflection_rmse": "RMSE",
            "reflection_ssim": "SSIM",
            "transmission_least_db": "T, worst view [dB]",
            "harm_percent": "harm [%]",
            "worst_percent": "worst 5 % [%]",
        },
    ),
    "reflection_world": (
        "Reflections in rendered rooms",
        "Views of the rendered world from its held-out side (`ddff simulate dataset polarizer "
        "--use judge`), with a pane before the camera in three of five, floors that are wet, and "
        "views without any glass; 8 bits and a camera's noise. PSNR of the transmission against "
        "its own brightest value, also where there is no glass in view; `worst view` and `harm` "
        "as above; `change`: PSNR of the transmission to the input, where there is no glass.",
        {
            "method": "method",
            "views": "views",
            "transmission_psnr_db": "T [dB]",
            "transmission_least_db": "worst view [dB]",
            "with_pane_db": "with a pane [dB]",
            "without_glass_db": "without glass [dB]",
            "change_db": "change without glass [dB]",
            "harm_percent": "harm [%]",
            "worst_percent": "worst 5 % [%]",
            "holes_percent": "holes [%]",
            "edges_percent": "new edges [%]",
        },
    ),
    "reflection_alignment": (
        "Polarizer images that do not lie over each other",
        "A path-traced pane whose shots are moved and turned, each another way; PSNR in dB of the "
        "transmission by each method, 12 px of the border left out.",
        {
            "shift_px": "shift [px]",
            "turn_deg": "turn [deg]",
            "alignment": "alignment",
            "guarded": "guarded",
            "most_attenuated": "most_attenuated",
            "schechner": "schechner",
            "kong": "kong",
            "farid_adelson": "farid_adelson",
            "network": "network",
        },
    ),
    "alignment": (
        "A drive over another of its route",
        "Drives through three rendered rooms of held-out assets, each on two days (other light, "
        "things moved, another speed), 90 images in 4 to 10 s, laid over each other both ways, and "
        "over drives of other rooms. Shares of all frames; offsets in frames of 30 Hz. `tours`: "
        "`ddff align match`; `plain`: the cheapest path whose ends are known; `live`: the node, "
        "which says nothing for the first four seconds.",
        {
            "descriptor": "descriptor",
            "path": "path",
            "pairs": "pairs",
            "frames": "frames",
            "matched": "matched",
            "within_4": "within 4",
            "within_15": "within 15",
            "median": "median offset",
            "foreign_pairs": "foreign pairs",
            "false_pairs": "of these matched",
            "false_frames": "of their frames",
        },
    ),
    "reflection_confidence": (
        "Confidence of reflection separation",
        "Views by the Fresnel equations that were not fitted: of pixels with a confidence, how "
        "many have a transmission within 5 % of its brightest value.",
        {"method": "method", "confidence": "confidence", "right": "right", "pixels": "pixels"},
    ),
    "reflection_ablation": (
        "What the generator's steps are worth",
        "A smaller network that estimates the surface and refines nothing (295,737 parameters), "
        "trained three times for 120 steps from the same first weights; PSNR in dB on 24 rendered "
        "panes that are not those of the table above. DR: dynamic range and abrupt reflections; "
        "NRD: motion between the angles; LCG: curved surfaces.",
        {
            "generator": "generator",
            "transmission_flat": "T, flat [dB]",
            "reflection_flat": "R, flat [dB]",
            "transmission_curved": "T, curved [dB]",
            "reflection_curved": "R, curved [dB]",
        },
    ),
    "reflection_cost": (
        "Cost of reflection separation",
        "Three 8-bit images to both layers, median; `Sobels` is the ratio to OpenCV's 3 x 3 Sobel "
        "of the same three images in the same run, by the clock. `mosaic`: from the raw image of a "
        "2448x2048 sensor.",
        {
            "method": "method",
            "width": "width",
            "height": "height",
            "channels": "channels",
            "median_ms": "ms",
            "processor_ms": "of the processor [ms]",
            "ratio": "Sobels",
            "rate_hz": "Hz",
        },
    ),
    "segmentation_planes": (
        "Segmentation without learning",
        "48 views of rendered rooms (`ddff simulate dataset rooms --seed 3 --views 48`), depth as "
        "a structured-light camera measures it, by the method `planes`: with gravity as an IMU "
        "knows it, and estimated from the depth. Windows and pictures count as wall; furniture, "
        "chairs, beds and sofas as objects; unlabelled pixels as wrong. In the rows of all: "
        "`recall` is the share of right pixels, `precision` that of the labelled ones, to which "
        "`confidence`, their mean, should be equal; `processor` is one thread's time for 320x240. "
        "How low tables are and what may lie behind a wall were chosen on these views.",
        {
            "gravity": "gravity",
            "class": "class",
            "share": "true pixels [%]",
            "recall": "recall [%]",
            "precision": "precision [%]",
            "iou": "IoU [%]",
            "confidence": "confidence [%]",
            "processor_ms": "processor [ms]",
        },
    ),
    "segmentation_cost": (
        "Cost of segmentation without learning",
        "Colour and depth of 640x480 to labels of 320x240, no engine: medians of frames of a room "
        "of planes, two threads. `capture`: units, registration, shrinking, filling. Processor "
        "times add up the threads and hold on a busy machine; `best` is the quickest frame by the "
        "clock.",
        {
            "depth": "depth",
            "holes": "holes",
            "before_ms": "capture [ms]",
            "planes_ms": "planes [ms]",
            "clock_ms": "frame [ms]",
            "processor_ms": "processor [ms]",
            "best_ms": "best [ms]",
        },
    ),
    "segmentation_accuracy": (
        "Labels of rooms and of real frames",
        "Rooms of held-out furniture, light and pictures, 320x240, through models of three depth "
        "cameras and a colour camera (`rooms`), and seven real frames of NYUv2 without depth "
        "(`nyu`), which are measured on and nothing else; 13 classes, means over those that the "
        "truth shows. In brackets what the method was given. By class: the record.",
        {
            "set": "set",
            "method": "method",
            "frames": "frames",
            "global": "global accuracy",
            "mean_recall": "mean accuracy",
            "mean_iou": "mean IoU",
            "calibration_error": "calibration error",
        },
    ),
    "deblurring": (
        "Deblurring",
        "The last two frames of bursts that no training has seen: photographs and images of "
        "rooms before a camera that turns, a real clip whose frames are interpolated and averaged; "
        "by kind and by how blurred a frame came. PSNR in dB; `worst`: the frame that lost most. "
        "The guard that hands on sharp frames is off.",
        {
            "method": "method",
            "of": "frames that came with",
            "frames": "frames",
            "came_db": "came",
            "gain_db": "gain",
            "worst_db": "worst",
            "came_ssim": "SSIM came",
            "made_ssim": "SSIM made",
        },
    ),
    "deblurring_cost": (
        "What deblurring costs",
        "Two threads; milliseconds by the clock of taking a frame, of laying the others over it, "
        "and of the method.",
        {
            "method": "method",
            "width": "width",
            "height": "height",
            "capture_ms": "capture",
            "lay_over_ms": "laying over",
            "method_ms": "method",
        },
    ),
    "restoration": (
        "Restoration without learning",
        "Images of published sets and photographs, at most 1280 pixels wide, each after one "
        "degradation "
        "(`ddff_perception/optics/degradation.py`), as the node restores them: what is wrong is "
        "told from the image alone. `gain` is PSNR as it "
        "was made over PSNR as it came, `worst` the image that lost most; `clean` is nothing at "
        "all, equal images count as 99 dB. `processor` adds up two threads, for a frame of a "
        "stream on a busy machine.",
        {
            "set": "set",
            "degradation": "degradation",
            "method": "method",
            "images": "images",
            "came_db": "came [dB]",
            "made_db": "made [dB]",
            "gain_db": "gain [dB]",
            "worst_db": "worst [dB]",
            "came_ssim": "SSIM",
            "made_ssim": "SSIM",
            "processor_ms": "processor [ms]",
        },
    ),
    "restoration_classes": (
        "Restoration: do class labels help?",
        "The comparison of Hazirbas' thesis, Table 5.1, in small: as many parameters, the same "
        "crops and steps (`setup` in the record), judged by rendered rooms of other furniture and "
        "layouts. `above SSN`: mean of the seeds, and each seed's own.",
        {
            "blur": "blur",
            "network": "network",
            "mean_db": "mean over the classes [dB]",
            "overall_db": "all pixels [dB]",
            "more_db": "above SSN [dB]",
            "more_db_each": "by seed",
        },
    ),
    "defocus": (
        "Depth from defocus without learning",
        "Single slices of path-traced focal stacks, of assets that no training has seen; the lens "
        "is known, and the side where a user would name one. `disc` is the mean blur disc, errors "
        "are means in dioptres, `of it` the share of the best constant map's; `edges` the "
        "divergence of their steerable sub-bands, `calibration` the expected error of the "
        "confidence, `gain` PSNR over the image as it came; "
        "milliseconds add up two threads, at 480 x 360.",
        {
            "scene": "scene",
            "focus_m": "focus [m]",
            "side": "side",
            "disc_px": "disc [px]",
            "error_dpt": "error [1/m]",
            "constant_dpt": "constant [1/m]",
            "share": "of it",
            "edges": "edges",
            "calibration": "calibration",
            "gain_db": "gain [dB]",
            "estimate_ms": "estimate [ms]",
            "sharpen_ms": "sharpen [ms]",
        },
    ),
    "defocus_real": (
        "Depth from defocus on real slices",
        "Three slices of each real focal stack (the first in focus, the middle one, the last), the "
        "lens unknown, judged by what the whole stack says. `order`: of pairs of points that the "
        "stack has apart by 0.15 of the sweep, the share whose discs are in the order of their "
        "distance from the slice (half is chance), where the stack is sure. `came`: PSNR of the "
        "slice against the stack's all-in-focus image; `gain`: by undoing its blur.",
        {
            "capture": "capture",
            "slice": "slice",
            "slices": "of",
            "order": "order",
            "came_db": "came [dB]",
            "gain_db": "gain [dB]",
        },
    ),
    "defocus_regularisers": (
        "What smooths depth",
        "The depth head of 2HDED:NET at reduced width, trained alike with each regulariser of "
        "Nazir's thesis (Table 2.1; `setup` in the record); errors in metres up to 10 m, `KLD` the "
        "divergence of the edges' steerable sub-bands.",
        {
            "regulariser": "regulariser",
            "rms": "RMSE [m]",
            "abs_rel": "REL",
            "log10": "log10",
            "delta_1": "d1 [%]",
            "delta_2": "d2 [%]",
            "delta_3": "d3 [%]",
            "edges": "KLD",
        },
    ),
    "segmentation_table": (
        "Where to fuse, at reduced width",
        "FuseNet's variants, late fusion and networks of one stream, trained alike from nothing "
        "(`setup` in the record) and judged on rooms of held-out furniture: means over the seeds.",
        {
            "network": "network",
            "parameters": "parameters",
            "seeds": "seeds",
            "global": "global accuracy",
            "mean_recall": "mean accuracy",
            "mean_iou": "mean IoU",
            "least_iou": "least",
            "most_iou": "most",
        },
    ),
    "retrieval": (
        "Retrieval",
        "The ten nearest of a million SIFT descriptors of photographs, out of warped copies of "
        "these (`query`) and out of other pictures (`strangers`): each index with the setting that "
        "reaches the target in the least time of the processor. Bytes per vector, ids and the "
        "vectors for exact re-ranking included. `ratio` is to the best fast scan of faiss with "
        "re-ranking, in the same run. The paper's table is in [retrieval](retrieval.md).",
        _RETRIEVAL,
    ),
    "retrieval_200k": (
        "Retrieval, beside graphs",
        "As above, of 200,000 descriptors, with the graphs: these hold their links (128 bytes) and "
        "the vectors, as floats (512 bytes) or as bytes (128), which is the nearest they come to "
        "the bytes of the others.",
        _RETRIEVAL,
    ),
    "speed": (
        "Speed",
        "One new 640x480 slice to new depth (`new slice` + `new depth`), default method. "
        "`ratio` is to one yardstick slice: its share of filter2D, box mean, and stack and "
        "argmax over the slices. `ratio to measure` is to filter2D and box mean alone, the "
        "strictest reading.",
        {
            "slices": "slices",
            "yardstick_slice_ms": "yardstick slice [ms]",
            "yardstick_measure_ms": "its measure [ms]",
            "slice_ms": "new slice [ms]",
            "depth_ms": "new depth [ms]",
            "all_in_focus_ms": "all-in-focus [ms]",
            "ratio": "ratio",
            "ratio_measure": "ratio to measure",
            "kept_bytes_per_slice": "kept per slice [bytes]",
        },
    ),
    "node_overhead": (
        "Node overhead",
        "640x480 through the live node over DDS, CPU time per frame by who listens. Overhead "
        "is everything but the estimator: transport, conversion, capture, points, messages, "
        "diagnostics.",
        {
            "listeners": "listeners",
            "frames": "frames",
            "cpu_ms": "CPU [ms]",
            "estimator_ms": "estimator [ms]",
            "overhead_ms": "overhead [ms]",
            "latency_median_ms": "latency [ms]",
            "latency_95_ms": "95 % [ms]",
        },
    ),
    "transport": (
        "Transport",
        "Best-effort images from one process to another on one host, with and without "
        "`config/fastdds_shm.xml`, and a long run through the node.",
        {
            "what": "what",
            "message": "message",
            "profile": "profile",
            "sent": "sent",
            "received": "received",
            "lost": "lost",
            "depth_images": "depth images",
            "dropped": "dropped by the node",
            "latency_median_ms": "latency [ms]",
            "memory_start_mib": "memory at start [MiB]",
            "memory_end_mib": "at end [MiB]",
        },
    ),
    "soak": (
        "A soak with faults",
        "The node at 30 Hz over DDS with every output subscribed; each minute has each kind of "
        "fault once. The worst of each: reports until the fault was told, the reports it may take "
        "(two, and those that the node's own parameters let it wait), reports until its end was "
        "told, sweeps until depth was right again, and how often one of these was not in time. "
        "Memory, load of the machine and image size are in the record.",
        {
            "fault": "fault",
            "times": "times",
            "told_worst_reports": "told",
            "allowed_reports": "of",
            "ended_worst_reports": "ended",
            "right_worst_sweeps": "right again [sweeps]",
            "late": "late",
        },
    ),
    "real_stacks": (
        "Real captures",
        "No capture has a depth map; what is known of it is scored. Aligned slices, 960 pixels "
        "wide. The command writes the pictures to `out/real_stacks/report.html`.",
        {
            "capture": "capture",
            "slices": "slices",
            "alignment": "alignment",
            "residual_px": "residual [px]",
            "method": "method",
            "score_is": "score",
            "score": "value",
            "seconds": "s",
        },
    ),
    "zedd": (
        "ZEDD and published rows",
        "What others report on real stacks, as they report it. ZEDD (100 real scenes, CC BY 4.0) "
        "could not be fetched here: `python benchmarks/zedd.py FOLDER` adds our rows, and "
        "`--submission FILE.zip` writes what its test server takes.",
        {
            "method": "method",
            "data": "data",
            "abs_rel": "Abs rel",
            "delta_1_05": "δ 1.05 %",
            "delta_1_15": "δ 1.15 %",
            "delta_1_25": "δ 1.25 %",
            "mse_px2": "MSE [px²]",
            "source": "source",
        },
    ),
    "engine_precision": (
        "Engines: float32 and bfloat16",
        "Six 3x3 convolutions of 48 channels on half of 640x480, two threads, engines in turns. "
        "`ratio` is to OpenVINO in float32; `error` is the largest, as a share of the largest "
        "value, to ONNX Runtime in float32. On Intel's processors bfloat16 is slower than float32 "
        "without AMX, on AMD's faster: `engine.cpu_precision` auto takes it where it is faster. "
        "The line below tells the last processor; rows of the others are kept.",
        {
            "processor": "processor",
            "instructions": "instructions",
            "backend": "backend",
            "precision": "computed in",
            "ms": "run [ms]",
            "ratio": "ratio",
            "error": "error",
        },
    ),
    "tensorrt_check": (
        "TensorRT",
        "The checklist of `benchmarks/tensorrt_check.py` on a machine with a GPU.",
        {"model": "model", "claim": "claim", "holds": "holds", "result": "result"},
    ),
    "real_polarization": (
        "Real polarization captures",
        "Captures of polarization cameras at half resolution. None has true layers: `holes` are "
        "pixels whose transmission is under 40 % of the input where `most_attenuated` and "
        "`farid_adelson` keep over 70 %, `new edges` those that no polarizer image has half of; "
        "`change`: PSNR of the transmission to the input. The landscape's four polarizers are at "
        "known angles. The pictures are in `out/real_polarization/report.html`.",
        {
            "capture": "capture",
            "glass": "glass",
            "method": "method",
            "holes_percent": "holes [%]",
            "edges_percent": "new edges [%]",
            "change_db": "change [dB]",
            "reflected_percent": "reflected light [%]",
            "confidence": "mean confidence",
            "angle_error_deg": "angle of four polarizers off [deg]",
        },
    ),
    "grid_search": (
        "VDFF: the papers' baseline, and its grid search",
        "On the development stacks. The search changes two parameters; the paper's values "
        "stay the defaults.",
        {"method": "method", "mae_dioptres": "error [1/m]"},
    ),
}


def main() -> None:
    (DOCS / "nodes.md").write_text(nodes_page(), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(benchmarks_page(), encoding="utf-8")
    (DOCS / "engines.md").write_text(engines_page(), encoding="utf-8")
    (DOCS / "training.md").write_text(training_page(), encoding="utf-8")
    (DOCS / "retrieval.md").write_text(retrieval_page(), encoding="utf-8")
    (DOCS / "methods.md").write_text(methods_page(), encoding="utf-8")
    for path, text in node_files().items():
        path.write_text(text, encoding="utf-8")
        if path.parent.name == "scripts":
            path.chmod(0o755)


def node_files() -> dict[Path, str]:
    """Each node's executable and parameter file; launch files of the capabilities' nodes."""
    files = {}
    for name in nodes():
        interface = node_interface(name)
        files[ROOT / "scripts" / name] = _SCRIPT.format(module=interface.module)
        files[ROOT / "config" / f"{name}.yaml"] = parameter_file(interface)
    for capability in CAPABILITIES.values():
        for name in (*capability.nodes, *capability.sensors):
            files[ROOT / "launch" / f"{name}.launch.py"] = _LAUNCH.format(name=name)
    return files


def methods_page() -> str:
    """The methods of every capability."""
    parts = [
        "# Methods\n\nWritten by `python tools/write_docs.py` from what the capabilities hand over."
    ]
    columns = {"name": "method", "description": "what it does"}
    for capability in CAPABILITIES.values():
        described = method_descriptions(capability)
        rows = [{"name": f"`{name}`", "description": text} for name, text in described.items()]
        if rows:
            title = capability.name.replace("_", " ").capitalize()
            parts.append(f"## {title}\n\n{_table(rows, columns)}")
    return "\n\n".join(parts) + "\n"


def training_page() -> str:
    """The page on training, its table of settings anew."""
    head, mark, _ = (DOCS / "training.md").read_text(encoding="utf-8").partition(_SETTINGS)
    return f"{head}{mark}\n\n{parameter_table(FitSettings.table())}\n"


def engines_page() -> str:
    """The page as it is, with the table of its parameters anew."""
    head, title, rest = (
        (DOCS / "engines.md").read_text(encoding="utf-8").partition("\n## Parameters\n\n")
    )
    after = rest[rest.index("\n## ") :]
    return f"{head}{title}{parameter_table(ENGINE_PARAMETERS)}\n{after}"


def retrieval_page() -> str:
    """The page on retrieval, its tables of settings anew: one after each mark, to its end."""
    text = (DOCS / "retrieval.md").read_text(encoding="utf-8")
    for name, settings in (("build", IndexSettings), ("search", SearchSettings)):
        head, mark, rest = text.partition(f"{_SETTINGS[:-4]}: {name} -->\n")
        after = rest[rest.index("<!-- end -->") :]
        text = f"{head}{mark}\n{parameter_table(settings.table())}\n{after}"
    return text


def nodes_page() -> str:
    """Every node's topics, services and parameters."""
    head = (
        "# Nodes\n\nWritten by `python tools/write_docs.py` from the tables the nodes run on.\n\n"
    )
    return head + "\n".join(markdown(node_interface(name)) for name in nodes())


def benchmarks_page() -> str:
    """Every benchmark record as a table, and what falls short in prose (`shortfalls.md`)."""
    parts = [
        "# Benchmarks\n\nWritten by `python tools/write_docs.py` from `docs/benchmarks/*.json`."
    ]
    shortfalls = DOCS / "benchmarks" / "shortfalls.md"
    if shortfalls.is_file():
        parts.append(shortfalls.read_text(encoding="utf-8").strip())
    for name, (title, text, columns) in SECTIONS.items():
        file = DOCS / "benchmarks" / f"{name}.json"
        if file.is_file():
            parts.append(
                _section(json.loads(file.read_text(encoding="utf-8")), title, text, columns)
            )
    return "\n\n".join(parts) + "\n"


def _section(record: Mapping[str, Any], title: str, text: str, columns: Mapping[str, str]) -> str:
    machine = record["hardware"]
    source = (
        f"`{record['command']}`, {record['date']}, commit {record['commit']}, "
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, "
        f"OpenCV {machine['opencv']}."
    )
    table = _table(record["rows"], columns)
    if record.get("captures"):
        table += f"\n\n{_table(record['captures'], _CAPTURES)}"
    lead = f"**{record['headline']}**\n\n" if "headline" in record else ""
    return f"## {title}\n\n{lead}{text}\n\n{table}\n\n{source}"


def _table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    lines = [" | ".join(columns.values()), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(row.get(key)) for key in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {number}" for key, number in value.items()) or "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
