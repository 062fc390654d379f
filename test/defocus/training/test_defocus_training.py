"""What the networks learn from, what they minimise, and what they are exported to."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

for package in ("torch", "lightning", "onnxruntime"):
    pytest.importorskip(package)

import torch
from command_line import status_of
from defocus_scenes import blocks, scene
from parity import ParityBattery

from ddff_perception.defocus.data.lens_views import (
    LensSettings,
    LensViews,
    random_lens,
    stacked,
    told_lens,
)
from ddff_perception.defocus.learned.lens_vector import lens_vector
from ddff_perception.defocus.networks.reblur import Reblur
from ddff_perception.defocus.networks.two_headed import TwoHeaded
from ddff_perception.defocus.pipeline import DefocusPipeline
from ddff_perception.defocus.training import two_headed_losses as losses
from ddff_perception.defocus.training.light_loss import of_constant
from ddff_perception.defocus.training.regularisation import REGULARISERS
from ddff_perception.defocus.training.ssim import ssim
from ddff_perception.defocus.training.two_headed import SELF_SUPERVISED, SUPERVISED
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.evaluation.image_metrics import image_scores
from ddff_perception.optics.thin_lens import circle_of_confusion_px
from ddff_perception.types import InputError

SMALL = LensSettings(height=64, width=96, most_px=8.0, unknown=0.0)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("views")
    files = []
    for number in range(3):
        view = np.zeros((80, 120, 4), np.float16)
        view[..., :3] = np.sqrt(blocks(80, 120, number, side=8))
        view[..., 3] = 0.5
        view[20:60, 30:90, 3] = 1.5
        files.append(folder / f"view_{number}.npy")
        np.save(files[-1], view)
    return files


def test_an_item_is_what_the_lens_shows_and_what_is_true(views: list[Path]) -> None:
    item = LensViews(views, SMALL, 4, fixed=True)[1]
    assert item["image"].shape == item["sharp"].shape == (3, 64, 96)
    assert item["image"].max() > 100 and item["lens"][3:].tolist() == [1.0, 1.0]
    scale = float(item["scale"])
    focus = math.expm1(float(item["lens"][1]))
    wanted = circle_of_confusion_px(1 / item["dioptres"].numpy(), 1 / focus, 1.0, scale)
    np.testing.assert_allclose(item["defocus"].abs().numpy(), wanted, rtol=1e-3, atol=1e-3)
    behind = item["dioptres"] < focus
    assert (item["defocus"][behind] > 0).all()


def test_items_differ_but_where_they_are_fixed(views: list[Path]) -> None:
    fixed, drawn = (LensViews(views, SMALL, 4, fixed) for fixed in (True, False))
    torch.testing.assert_close(fixed[0]["image"], fixed[0]["image"])
    assert (drawn[0]["scale"] != drawn[0]["scale"]).all()


def test_all_in_focus_images_have_the_defocus_that_they_do_not_show(views: list[Path]) -> None:
    settings = LensSettings(**{**SMALL.values(), "all_in_focus": True})
    item = LensViews(views, settings, 4, fixed=True)[1]
    assert item["defocus"].abs().max() > 1.0
    # But for noise, which means even out.
    noise = torch.nn.functional.avg_pool2d(item["image"] - item["sharp"], 8)
    assert noise.abs().mean() < 6.0


def test_lenses_blur_within_their_bounds() -> None:
    torch.manual_seed(0)
    dioptres = np.linspace(0.3, 2.0, 1000, dtype=np.float32).reshape(20, 50)
    for _ in range(100):
        focus, scale = random_lens(dioptres, SMALL)
        assert focus >= 0
        widest = scale * np.abs(dioptres - focus).max()
        assert SMALL.least_px * 0.9 < widest < SMALL.most_px * 1.1


def test_what_is_not_known_of_the_lens_is_said_to_be() -> None:
    assert lens_vector(math.nan, math.nan).tolist() == [0.0] * 5
    known = lens_vector(8.0, 2.0)
    assert known.tolist() == pytest.approx([math.log(9), math.log(3), math.log(17), 1, 1])
    assert lens_vector(8.0, math.nan)[2:].tolist() == [0.0, 1.0, 0.0]


def test_what_is_told_of_the_lens_is_left_out_now_and_then() -> None:
    torch.manual_seed(0)
    flags = torch.stack([told_lens(8.0, 2.0, 0.25)[3:] for _ in range(400)])
    assert flags.mean(dim=0).tolist() == pytest.approx([0.75, 0.75], abs=0.08)
    assert 0.4 < float(flags.prod(dim=1).mean()) < 0.7


def test_ssim_is_the_one_that_images_are_scored_by() -> None:
    rng = np.random.default_rng(0)
    first = rng.random((40, 60), dtype=np.float32)
    second = np.clip(first + rng.normal(0, 0.1, first.shape), 0, 1).astype(np.float32)
    pair = [torch.from_numpy(v)[None, None] for v in (first, second)]
    found = float(ssim(*pair)[..., 5:-5, 5:-5].mean())
    assert found == pytest.approx(image_scores(first, second).ssim, abs=5e-3)


@pytest.mark.parametrize("name", REGULARISERS)
def test_a_regulariser_prefers_what_is_as_smooth_as_the_truth(name: str) -> None:
    truth = torch.ones(1, 1, 32, 32)
    truth[..., 16:] = 3.0
    torch.manual_seed(0)
    rough = (truth + 0.2 * torch.randn_like(truth)).requires_grad_()
    term, best = REGULARISERS[name](rough, truth), REGULARISERS[name](truth, truth)
    if name == "none":
        assert float(term.detach()) == 0.0
        return
    assert float(term.detach()) > float(best)
    term.backward()
    assert bool(torch.isfinite(rough.grad).all()) and float(rough.grad.abs().sum()) > 0


def test_losses_are_those_of_the_thesis(views: list[Path]) -> None:
    zero = torch.zeros(1, 3, 16, 16)
    assert float(losses.charbonnier(zero, zero)) == pytest.approx(1e-3)
    assert float(losses.deblur_loss(zero, zero)) == pytest.approx(1e-3)
    edge = torch.zeros(1, 1, 8, 8)
    edge[..., 4:] = 1.0
    plain, same = losses.smoothness(edge, torch.zeros(1, 3, 8, 8)), losses.smoothness(edge, edge)
    assert float(same) == pytest.approx(float(plain) * math.exp(-2.5))
    batch = stacked([LensViews(views, SMALL, 2, fixed=True)[n] for n in range(2)])
    assert float(losses.metres(batch).max()) <= 10.0
    network = TwoHeaded(narrow=16)
    for balance in (0.0, 2.0):
        found = losses.SupervisedLoss(balance=balance)(network, batch)
        depth, sharp = float(found["depth"]), float(found["sharp"])
        wanted = 2 * depth if balance == 0 else depth + 2 * sharp
        assert float(found["loss"].detach()) == pytest.approx(wanted, rel=1e-4)


def test_without_true_depth_the_map_that_made_the_image_is_the_best() -> None:
    shown = scene(near_m=2.0, far_m=2.0, focus_m=0.8, size=(96, 128))
    image, sharp = (
        torch.from_numpy(np.ascontiguousarray(i[..., ::-1].transpose(2, 0, 1)))[None].float()
        for i in (shown.image, shown.sharp)
    )
    batch = {"image": image, "sharp": sharp, "defocus": torch.full((1, 96, 128), 7.5)}

    def again(disc: float) -> float:
        class Fixed(torch.nn.Module):
            def forward(self, image):
                return torch.full_like(image[:, :1], disc), sharp / 255.0

        loss = losses.SelfSupervisedLoss(Reblur(10.0))
        return float(loss(Fixed(), batch)["again"])

    # Light is blurred, not what the camera made of it: nothing is left but rounding.
    assert again(7.5) < 0.1 * min(again(6.5), again(8.5))


def test_nothing_is_accepted_that_has_no_effect() -> None:
    assert (
        "regulariser" in SUPERVISED.PARAMETERS and "regulariser" not in SELF_SUPERVISED.PARAMETERS
    )
    assert not any("unknown" in one.PARAMETERS for one in (SUPERVISED, SELF_SUPERVISED))
    with pytest.raises(InputError, match="multiples of 32, not 100 and 256"):
        LensSettings(height=100)
    with pytest.raises(InputError, match="least_px must not be over most_px"):
        LensSettings(least_px=9.0, most_px=8.0)


@pytest.mark.parametrize("training", [SUPERVISED, SELF_SUPERVISED], ids=lambda t: t.name)
def test_2hded_net_learns(training, views: list[Path]) -> None:
    values = {**training.PRESET_VALUES["smoke"], "height": 32, "width": 64}
    torch.manual_seed(0)
    network = training.network(values)
    settings = LensSettings(height=32, width=64, most_px=8.0)
    batch = stacked([LensViews(views, settings, 2, fixed=True)[n] for n in range(2)])
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    loss, found = training.loss(values), []
    for _ in range(6):
        optimizer.zero_grad()
        value = loss(network, batch)["loss"]
        value.backward()
        optimizer.step()
        found.append(float(value.detach()))
    assert np.mean(found[-3:]) < np.mean(found[:3])


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `ddff train` and `ddff export` make of DefocusLight."""
    folder = tmp_path_factory.mktemp("light")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        wanted = ("--network", "defocus_light", "--preset", "smoke", "-o", folder / "run")
        assert status_of("train", "defocus", *wanted) == 0
        weights = folder / "run" / "weights.safetensors"
        assert status_of("export", "defocus", weights, "-o", folder / "onnx") == 0
    return folder


def test_the_smoke_preset_learns(exported: Path) -> None:
    with (exported / "run" / "train.csv").open() as file:
        found = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(found[-3:]) < np.mean(found[:3])


def test_the_sharp_head_is_left_out_where_that_is_asked_for(exported: Path) -> None:
    weights = exported / "run" / "weights.safetensors"
    wanted = ("-o", exported / "depth", "--set", "heads=depth")
    assert status_of("export", "defocus", weights, *wanted) == 0
    card = find_model(exported / "depth" / "defocus_light_depth.onnx").card
    assert [tensor.name for tensor in card.outputs] == ["size", "spread", "behind"]
    with_sharp = find_model(exported / "onnx" / "defocus_light.onnx").card
    assert [tensor.name for tensor in with_sharp.outputs][3:] == ["change"]


def test_the_loss_tells_errors_as_shares_of_the_best_constant() -> None:
    truth = torch.tensor([[0.0, 2.0, 4.0], [1.0, 1.0, 1.0]])[:, None, None]
    known = torch.ones_like(truth)
    known[0, ..., 2] = 0
    # Of 0 and 2 px the best constant is off by 1 on the mean, what is even by none; the second lens
    # blurs by 4 px per dioptre.
    scale = torch.tensor([1.0, 4.0])
    assert float(of_constant(truth + 0.2, truth, known, scale)) == pytest.approx(0.25)


def test_the_trained_network_runs_as_a_method(exported: Path) -> None:
    model = exported / "onnx" / "defocus_light.onnx"
    values = {
        "method": "defocus_light", "defocus_light.model": str(model),
        "engine.backend": "onnxruntime", "lens.blur_per_dioptre_px": 10.0,
        "lens.focus_distance_m": 0.8,
    }  # fmt: skip
    pipeline = DefocusPipeline(values)
    pipeline.engines.load()
    pipeline.add_image(1, scene().image)
    result = pipeline.estimate()
    found = result.found.found
    assert found.defocus.shape == (144, 192) and np.isfinite(found.defocus).all()
    assert found.sign.min() >= 0.5 and found.spread.min() > 0
    assert found.sharp is not None and found.sharp.shape == (144, 192, 3)
    assert pipeline.sharpen(result).found.sharp is found.sharp
    pipeline.prepare({**values, "side": "near"}).apply()
    assert (pipeline.estimate().found.found.defocus <= 0).all()
    pipeline.close()


class TestDefocusLight(ParityBattery):
    usual = {"height": 96, "width": 128}  # noqa: RUF012
    multiple = 32

    @pytest.fixture(scope="class")
    def model(self, exported: Path):
        return find_model(exported / "onnx" / "defocus_light.onnx")


class TestDepthHeadOfTwoHeaded(ParityBattery):
    usual = {"height": 32, "width": 64}  # noqa: RUF012
    multiple = 32

    @pytest.fixture(scope="class")
    def model(self, tmp_path_factory: pytest.TempPathFactory):
        folder = tmp_path_factory.mktemp("heads")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            wanted = ("--network", "two_headed", "--preset", "smoke", "-o", folder / "run")
            given = ("--set", "steps=1", "--set", "heads=depth")
            assert status_of("train", "defocus", *wanted, *given) == 0
            weights = folder / "run" / "weights.safetensors"
            assert status_of("export", "defocus", weights, "-o", folder / "onnx") == 0
        return find_model(folder / "onnx" / "two_headed_depth.onnx")
