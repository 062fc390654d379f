"""The networks learn, and what they are exported to gives what torch gives in every engine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

for package in ("torch", "lightning", "onnxruntime"):
    pytest.importorskip(package)

import torch
from command_line import status_of
from degraded_images import clean, noisy, run
from parity import ParityBattery

from ddff_perception.engines.create import create_engine
from ddff_perception.engines.model_zoo import find_model, find_parts
from ddff_perception.restoration.classical.adaptive import AdaptiveSettings, adaptive
from ddff_perception.restoration.confidence import confidence
from ddff_perception.restoration.data.crops import Crops, RestorationDataSettings
from ddff_perception.restoration.data.pictures import clean_pictures
from ddff_perception.restoration.estimation.seen import SeenSettings, degradation
from ddff_perception.restoration.learned.restore_stream import (
    PARTS,
    RestoreStreamSettings,
    error_of,
    restore_stream,
    trusted_share,
)
from ddff_perception.restoration.networks.semantic import Ssn
from ddff_perception.restoration.solution import Observed
from ddff_perception.restoration.training import networks
from ddff_perception.restoration.training.losses import msn_loss
from ddff_perception.restoration.training.pictures import shown
from ddff_perception.training.weights import load_weights
from ddff_perception.types import InputError

TRAININGS = [
    networks.RESTORE_STREAM,
    networks.SSN,
    networks.SSN_LABELS,
    networks.TSN_MID,
    networks.MSN,
    networks.VDSR,
    networks.DEEP_DEBLUR,
]
VALUES = {"size": 32, "pictures": 2, "width": 4, "blocks": 3, "degradation": "noise"}


def batch() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    own = RestorationDataSettings.from_values(VALUES)
    return next(iter(Crops(clean_pictures((), 2), own, 2, based=True)))


def steps(network, loss, made, count: int = 12) -> list[float]:
    weights = [w for w in network.parameters() if w.requires_grad]
    optimizer, losses = torch.optim.Adam(weights, 4e-3), []
    for _ in range(count):
        found = loss(network, made)["loss"]
        optimizer.zero_grad()
        found.backward()
        optimizer.step()
        losses.append(float(found.detach()))
    return losses


@pytest.mark.parametrize("training", TRAININGS, ids=lambda t: t.name)
def test_every_network_has_a_loss_that_falls(training) -> None:
    torch.manual_seed(1)
    own = RestorationDataSettings.from_values(VALUES)
    # Its last layer and each block's part begin at zero.
    count = 60 if training is networks.RESTORE_STREAM else 12
    losses = steps(training.network(VALUES), training._loss(own), batch(), count)
    assert losses[-1] < losses[0] * 0.95


def test_the_stages_of_msn_train_what_they_say() -> None:
    torch.manual_seed(1)
    network = networks.MSN.network(VALUES)
    made = batch()
    for stage, moved in (("streams", "streams"), ("fusion", "fusion"), ("joint", "both")):
        before = {name: w.detach().clone() for name, w in network.named_parameters()}
        for weights in network.parameters():
            weights.grad = None
            weights.requires_grad_(True)
        steps(network, partial(msn_loss, stage=stage), made, 1)
        changed = {
            name.split(".")[0]
            for name, w in network.named_parameters()
            if not torch.equal(before[name], w)
        }
        assert changed == ({"streams", "fusion"} if moved == "both" else {moved}), stage


def test_a_stream_of_msn_can_be_trained_by_itself() -> None:
    torch.manual_seed(1)
    network = networks.MSN.network(VALUES)
    before = {name: w.detach().clone() for name, w in network.named_parameters()}
    own = RestorationDataSettings.from_values({**VALUES, "stage": "streams", "stream": 1})
    losses = steps(network, networks.MSN._loss(own), batch(), 8)
    changed = {n for n, w in network.named_parameters() if not torch.equal(before[n], w)}
    assert losses[-1] < losses[0] and changed
    assert all(name.startswith("streams.1.") for name in changed)
    for wrong, said in (
        ({"stream": 99, "stage": "streams"}, "no class 99"),
        ({"stream": 1}, "set stage"),
    ):
        with pytest.raises(InputError, match=said):
            networks.MSN.job(networks.MSN.PRESETS["smoke"], {**VALUES, **wrong}, ())


def test_every_streams_partial_result_can_be_looked_at() -> None:
    made = batch()
    picture = shown(networks.MSN.network({**VALUES, "classes": 3}).eval(), made)
    # The degraded image, three streams, the fusion, the clean image; two samples.
    assert picture.shape == (2 * 32, 6 * 32, 3) and picture.dtype == np.uint8
    clean_one = made["clean"][0].permute(1, 2, 0).numpy() * 255
    assert np.abs(picture[:32, -32:] - clean_one).max() <= 0.51
    for training, columns in ((networks.RESTORE_STREAM, 4), (networks.SSN_LABELS, 3)):
        assert shown(training.network(VALUES).eval(), made).shape == (64, 32 * columns, 3)


def test_what_needs_labels_says_so_and_sizes_have_to_fit(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "photo.png"), clean(64))
    settings = networks.MSN.PRESETS["smoke"]
    with pytest.raises(InputError, match="msn learns with class labels"):
        networks.MSN.job(settings, VALUES, (tmp_path,))
    with pytest.raises(InputError, match="a multiple of 64"):
        networks.SSN.job(settings, {**VALUES, "blocks": 6}, ())


def test_the_capacity_sets_the_width() -> None:
    values = {**VALUES, "capacity": 100_000}
    counts = {}
    for training in (networks.SSN, networks.TSN_LATE, networks.MSN):
        network = training.network(values)
        counts[training.name] = sum(w.numel() for w in network.parameters())
    assert all(count <= 100_000 for count in counts.values())
    assert counts["ssn"] > 80_000


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `ddff train` made of RestoreStream."""
    folder = tmp_path_factory.mktemp("restore") / "run"
    wanted = ("--network", "restore_stream", "--preset", "smoke", "--set", "steps=2", "-o", folder)
    assert status_of("train", "restoration", *wanted) == 0
    return folder


@pytest.fixture(scope="module")
def exported(run_folder: Path) -> Path:
    output = run_folder.parent / "exported"
    weights = run_folder / "weights.safetensors"
    assert status_of("export", "restoration", weights, "-o", output) == 0
    return output


def test_the_exported_network_gives_what_torch_gives(run_folder: Path, exported: Path) -> None:
    values = {**networks.RESTORE_STREAM.PRESET_VALUES["smoke"]}
    network = networks.RESTORE_STREAM.network(values).eval()
    load_weights(network, run_folder / "weights.safetensors")
    image, base = torch.rand(2, 1, 3, 40, 56)
    with torch.no_grad():
        found = network(image, base)
    engines = [
        create_engine(model, "onnxruntime", {"engine.threads": 1})
        for model in find_parts(str(exported / "restore_stream"), PARTS)
    ]
    told = engines[0].run({"image": image.numpy()})["told"]
    made = engines[1].run({"image": image.numpy(), "base": base.numpy(), "told": told})
    # The files hold weights in half precision.
    assert np.abs(made["restored"] - found.image.numpy()).max() < 5e-3
    assert np.abs(made["confidence"] - found.sure.sigmoid().numpy()).max() < 2e-2
    assert not {"classes", "mixing"} & set(made)


def test_it_runs_in_the_pipeline_in_tiles_without_seams(exported: Path) -> None:
    image = noisy(clean(256)[:200, :250].copy(), 12)
    given = {
        "method": "restore_stream",
        "restore_stream.model": str(exported / "restore_stream"),
        "engine.backend": "onnxruntime",
    }
    (whole,), (tiled,) = (
        run([image], **given, **{"restore_stream.tile_px": side})[1] for side in (768, 192)
    )
    assert np.abs(whole.found.image.astype(int) - tiled.found.image).max() <= 1
    sure = confidence(whole.found)
    assert sure.shape == image.shape[:2] and 0 <= sure.min() <= sure.max() <= 1
    pipeline, found = run([image, image], **given)
    assert len(found[-1].image.seen.memory) == 1 and pipeline.counters["looked"] == 1


class Engines:
    """An estimator and a restorer that darkens."""

    def __init__(self) -> None:
        self.asked = 0

    def get(self, number: int) -> Engines:
        return self

    def run(self, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.asked += 1
        if "base" not in given:
            return {"told": np.zeros((1, 16), np.float32)}
        sure = np.full_like(given["base"][:, :1], 0.5)
        return {"restored": 0.5 * given["base"], "confidence": sure}


@pytest.mark.parametrize(("sigma", "share"), [(3.0, 0.0), (9.0, 0.5), (25.0, 1.0)])
def test_the_network_is_taken_as_far_as_there_is_noise(sigma: float, share: float) -> None:
    image = noisy(clean(128), sigma)
    observed, engines = Observed(image, degradation(image, SeenSettings())), Engines()
    begun = adaptive(observed, AdaptiveSettings())
    found = restore_stream(observed, RestoreStreamSettings(), engines)
    if share == 0.0:
        assert engines.asked == 0
        np.testing.assert_array_equal(found.image, begun.image)
    else:
        assert trusted_share(observed.seen) == pytest.approx(share, abs=0.35)
        darker = 1 - found.image.mean() / begun.image.mean()
        assert darker == pytest.approx(0.5 * trusted_share(observed.seen), abs=0.01)


def test_a_confidence_is_an_error_and_back() -> None:
    from scipy.special import erf

    sure = np.array([0.1, 0.5, 0.99], np.float32)
    again = erf(8 / 255 / (error_of(sure) * np.sqrt(2)))
    np.testing.assert_allclose(again, sure, rtol=1e-4)


class TestRestorer(ParityBattery):
    usual: ClassVar = {"height": 64, "width": 96}
    multiple = 8

    @pytest.fixture(scope="class")
    def model(self, exported: Path):
        return find_model(str(exported / "restore_stream_restorer.onnx"))


def test_a_network_of_the_thesis_is_exported(tmp_path: Path) -> None:
    from ddff_perception.training.onnx_file import write_onnx

    network = Ssn(width=2, blocks=3).eval()
    record = {"network_parameters": {**VALUES, "blocks": 3}}
    (file,) = networks.SSN.onnx_files(network, record, "float32")
    path = write_onnx(file, tmp_path / "ssn.onnx")
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    image = torch.rand(1, 3, 24, 40)
    (found,) = session.run(None, {"image": image.numpy()})
    with torch.no_grad():
        np.testing.assert_allclose(found, network(image).numpy(), atol=5e-3)
