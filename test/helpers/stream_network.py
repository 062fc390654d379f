"""BurstStream as files, with weights that do something, untrained."""

from __future__ import annotations

from pathlib import Path

WIDTH = 9


def write_stream_network(folder: Path, change: float = 0.05) -> str:
    """Its two files in `folder`; what the setting `model` calls them. `change` 0: the identity."""
    import torch

    from ddff_perception.deblurring.networks.burst_stream import BurstStream, WholeBurst
    from ddff_perception.deblurring.training.onnx_files import stream_files
    from ddff_perception.engines.model_zoo import ModelCard, write_card
    from ddff_perception.training.onnx_file import OPSET, write_onnx

    torch.manual_seed(1)
    stream = BurstStream(WIDTH)
    if change:
        torch.nn.init.normal_(stream.fuse.out.weight, std=change)
        torch.nn.init.normal_(stream.direct.weight, std=change)
    for file in stream_files(WholeBurst(stream), {}, "float32"):
        path = write_onnx(file, folder / f"{file.name}.onnx")
        card = ModelCard(
            name=file.name, description=file.description, inputs=file.inputs, outputs=file.outputs,
            limits=file.limits, axes=file.axes, opset=OPSET, precision="float32",
            training_command="none", seed=0, data="none", metrics={}, licence="Apache-2.0",
            minimum_precision="float32",
        )  # fmt: skip
        write_card(path, card)
    return str(folder / "burst_stream")
