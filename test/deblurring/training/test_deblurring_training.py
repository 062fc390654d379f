"""The networks learn, and what they are exported to gives what torch gives in every engine."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "lightning", "onnxruntime"):
    pytest.importorskip(package)

import torch
from command_line import status_of
from parity import ParityBattery

from ddff_perception.deblurring.data.bursts import BurstDataSettings, Bursts
from ddff_perception.deblurring.data.pictures import is_useful, sharp_pictures
from ddff_perception.deblurring.learned.burst_stream import PARTS
from ddff_perception.deblurring.networks.burst_stream import warped
from ddff_perception.deblurring.networks.rdn import SIZE_MULTIPLE
from ddff_perception.deblurring.training.networks import BURST_STREAM, FOURIER_NET, RDN, STACKED
from ddff_perception.engines.create import create_engine
from ddff_perception.engines.model_zoo import find_model, find_parts
from ddff_perception.training.weights import load_weights

VALUES = {"size": 64, "frames": 4, "pictures": 2, "kernel_px": 7, "jpeg_share": 0.0, "noise": 0.0}


def batch(aligned: bool = False, **values) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    settings = BurstDataSettings.from_values({**VALUES, **values})
    return next(iter(Bursts(sharp_pictures((), 2), settings, 2, aligned, fixed=True)))


def test_matrices_lay_frames_over_the_newest_one() -> None:
    still = {"sharp_share": 1.0, "misaligned_px": 0.0}
    made = batch(**still)
    assert made["frames"].shape == (2, 4, 3, 64, 64) and made["matrices"].shape == (2, 3, 3, 3)
    assert made["frames"].min() >= 0 and made["frames"].max() <= 1
    frame, sharp = made["frames"][:, 1], made["sharp"]
    seen = warped(frame, made["matrices"][:, 0])
    inside = (..., slice(16, -16), slice(16, -16))
    error = (seen - sharp)[inside].abs().mean()
    assert error < 0.5 * (frame - sharp)[inside].abs().mean() and error < 0.03


def test_aligned_frames_lie_over_each_other_and_blur_differs() -> None:
    made = batch(True, misaligned_px=0.0, sharp_share=0.0, kernel_px=15)
    frames, sharp = made["frames"], made["sharp"]
    assert (frames[:, 1] - frames[:, 2]).abs().mean() > 0.003
    assert (frames.mean(1) - sharp).abs().mean() < 0.12


def test_flat_and_dark_pictures_are_left_out() -> None:
    rng = np.random.default_rng(0)
    assert is_useful(rng.random((32, 32, 3)).astype(np.float32))
    assert not is_useful(np.full((32, 32, 3), 0.5, np.float32))
    assert not is_useful(1e-6 * rng.random((32, 32, 3)).astype(np.float32))


@pytest.mark.parametrize(
    "training", [BURST_STREAM, RDN, FOURIER_NET, STACKED], ids=lambda t: t.name
)
def test_every_network_has_a_loss_that_falls(training) -> None:
    values = {**training.PRESET_VALUES["smoke"], "noise": 0.0}
    torch.manual_seed(1)
    network = training.network(values)
    settings = BurstDataSettings.from_values(values)
    made = next(iter(Bursts(sharp_pictures((), 2), settings, 2, training.aligned, True)))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    losses = []
    for _ in range(12):
        torch.manual_seed(2)
        loss = training.loss(network, made)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `ddff train deblurring` and `ddff export` make of BurstStream."""
    folder = tmp_path_factory.mktemp("deblurring")
    run = folder / "run"
    wanted = ("--network", "burst_stream", "--preset", "smoke", "-o", run)
    assert status_of("train", "deblurring", *wanted) == 0
    weights = run / "weights.safetensors"
    assert status_of("export", "deblurring", weights, "-o", folder / "onnx") == 0
    return folder


def test_the_smoke_preset_learns(exported: Path) -> None:
    with (exported / "run" / "train.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-8:]) < np.mean(losses[:8])


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_the_stream_in_an_engine_gives_what_torch_gives(exported: Path, backend: str) -> None:
    pytest.importorskip(backend)
    models = find_parts(str(exported / "onnx" / "burst_stream"), PARTS)
    assert sum(model.card.parameters or 0 for model in models) < 4_000_000
    network = BURST_STREAM.network({"width": 9})
    load_weights(network, exported / "run" / "weights.safetensors")
    torch.manual_seed(0)
    encoder, step = (create_engine(model, backend) for model in models)
    with encoder, step:
        for frames, (height, width) in ((2, (40, 64)), (4, (32, 56))):
            images = torch.rand(frames, 3, height, width)
            matrices = torch.eye(3).repeat(frames - 1, 1, 1)
            matrices[:, 0, 2] = torch.arange(3.0, 2.0 + frames)
            with torch.no_grad():
                base = torch.rand(1, 3, height, width)
                wanted = network.eval()(images[None], matrices[None], base)
            found = []
            for image in images:
                made = encoder.run({"image": image[None].numpy()})
                found.append({name: value.copy() for name, value in made.items()})
            planes = torch.cat([torch.from_numpy(f["plane"]) for f in found[1:]])
            given = {"known": found[0]["known"], "image": images[:1], "base": base}
            given |= {"laid": warped(images[1:], matrices), "planes": warped(planes, matrices)}
            given |= {"matrices": matrices, "valid": np.ones(frames - 1, np.float32)}
            made = step.run({name: np.asarray(value) for name, value in given.items()})
            np.testing.assert_allclose(made["deblurred"], wanted.image.numpy(), atol=1e-4)
            np.testing.assert_allclose(made["confidence"], wanted.confidence.numpy(), atol=1e-3)


def trained(folder: Path, network: str) -> Path:
    """What `ddff train` and `ddff export` make of a network in one step."""
    wanted = ("--network", network, "--preset", "smoke", "-s", "steps=1", "-o", folder / "run")
    assert status_of("train", "deblurring", *wanted) == 0
    weights = folder / "run" / "weights.safetensors"
    assert status_of("export", "deblurring", weights, "-o", folder / "onnx") == 0
    return folder / "onnx"


class TestFirstTurnOfRdn(ParityBattery):
    usual = {"height": 40, "width": 48}  # noqa: RUF012
    multiple = SIZE_MULTIPLE

    @pytest.fixture(scope="class")
    def model(self, tmp_path_factory: pytest.TempPathFactory):
        folder = trained(tmp_path_factory.mktemp("rdn"), "rdn")
        assert (folder / "deblurring_rdn.onnx").is_file()
        return find_model(folder / "deblurring_rdn_first.onnx")


class TestFourierNet(ParityBattery):
    usual = {"patches": 3}  # noqa: RUF012

    @pytest.fixture(scope="class")
    def model(self, tmp_path_factory: pytest.TempPathFactory):
        folder = trained(tmp_path_factory.mktemp("fourier"), "fourier_net")
        return find_model(folder / "deblurring_fourier_net.onnx")
