import json

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")

from ddff_perception.depth_from_focus.data.fixed_slices import FixedSlices, PlaneStacks, with_slices
from ddff_perception.depth_from_focus.data.generated.stack_files import (
    read_training_stack,
    stack_files,
)
from ddff_perception.depth_from_focus.estimator import DepthFromFocus
from ddff_perception.depth_from_focus.training.papers import make_loss, sweep_position
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.files.images import read_image
from ddff_perception.registry import CAPABILITIES
from ddff_perception.training.curves import read_curve
from ddff_perception.training.export import export_weights
from ddff_perception.training.fit import fit
from ddff_perception.training.registry import make_job, training_module
from ddff_perception.types import FocalStack, FocusSlice, InputError

CAPABILITY = CAPABILITIES["depth_from_focus"]
PAPERS = [name for name in CAPABILITY.networks if name != "focus_stream"]
# One of each kind; variants of a kind learn in their own tests.
KINDS = ("ddffnet_cc3", "pspnet", "dynamic_fusion")


def job(network, preset, overrides=(), data=()):
    return make_job(CAPABILITY, network, preset, overrides, data)


def presets(network):
    return training_module(CAPABILITY, network).PRESETS


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_all_networks_of_the_papers_are_there():
    variants = ["upconv", "unpool", "bl", "cc1", "cc2", "cc3"]
    assert [*(f"ddffnet_{v}" for v in variants), "pspnet", "dynamic_fusion"] == PAPERS
    for name in PAPERS:
        assert sorted(presets(name)) == ["gpu", "light", "paper", "smoke"]


@pytest.mark.parametrize("name", PAPERS)
def test_a_smoke_run_of_every_network_leaves_its_weights_and_loses_loss(name, tmp_path):
    steps = 16 if name in KINDS else 1
    made = job(name, "smoke", ["picture_every=0", f"steps={steps}"])
    weights = fit(made, tmp_path / "run")
    losses = [row["loss"] for row in read_curve(tmp_path / "run" / "train.csv")]
    if name in KINDS:
        assert np.mean(losses[-4:]) < 0.8 * np.mean(losses[:2]), losses
    record = json.loads(weights.with_suffix(".json").read_text())
    assert record["network"] == name
    assert record["network_parameters"]["slices"] == 5


def test_trained_weights_become_a_model_that_depth_from_focus_runs(tmp_path):
    few = ["width=0.0625", "steps=2", "picture_every=2"]
    weights = fit(job("ddffnet_cc3", "smoke", few), tmp_path / "run")
    picture = read_image(tmp_path / "run" / "pictures" / "step_0000002.png")
    assert picture.shape == (2 * 64, 3 * 64, 3)
    (path,) = export_weights(CAPABILITY, weights, tmp_path, "float16")
    assert path.name == "ddffnet_cc3_float16.onnx"
    model = find_model(path)
    assert model.card.precision == "float16"
    command = "--network ddffnet_cc3 --preset smoke --set width=0.0625 --set steps=2"
    assert command in model.card.training_command
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (50, 70, 3), np.uint8) for _ in range(7)]
    slices = tuple(
        FocusSlice(image, 1.0 / place)
        for image, place in zip(images, np.linspace(0.3, 2.0, 7), strict=True)
    )
    settings = {"model": str(path), "engine": "onnxruntime", "threads": 1}
    estimator = DepthFromFocus("ddffnet", settings)
    estimate = estimator.process(FocalStack(slices))
    assert estimate.depth.shape == (50, 70)
    assert 0.49 < np.nanmin(estimate.depth) <= np.nanmax(estimate.depth) < 3.4


def test_the_papers_presets_are_the_papers_settings():
    cc3 = presets("ddffnet_cc3")["paper"]
    assert (cc3.optimizer, cc3.momentum, cc3.learning_rate, cc3.batch) == ("sgd", 0.9, 1e-3, 2)
    assert (cc3.schedule, cc3.decay_factor, cc3.decay_epochs) == ("step", 0.9, 4)
    assert cc3.weight_decay == 5e-4
    fusion = presets("dynamic_fusion")["paper"]
    assert (fusion.optimizer, fusion.learning_rate, fusion.batch) == ("adam", 1e-4, 1)
    assert (fusion.decay_factor, fusion.decay_epochs, fusion.epochs) == (0.1, 5, 80)
    assert fusion.weight_decay == 1e-4
    values = job("ddffnet_cc3", "paper").record["network_parameters"]
    assert values == {
        "slices": 10, "crop": 224, "loss": "squares", "planes": 0.0, "along_sweep": False,
        "noise": 1.0, "stacks": 0, "views": 64, "stacks_folder": "out/even_stacks",
        "width": 1.0, "dropout": 0.5, "vgg16": "",
    }  # fmt: skip


def test_slices_are_chosen_for_each_stack_and_put_nearest_first():
    dioptres = torch.tensor([[0.0, 0.5, 1.0], [1.0, 0.1, 0.0]])
    images = dioptres[:, :, None, None, None].expand(2, 3, 3, 8, 8)
    batch = with_slices({"images": images, "dioptres": dioptres}, 4)
    assert (batch["dioptres"].diff(dim=1) <= 0).all()
    wanted = batch["dioptres"][:, :, None, None, None].expand(2, 4, 3, 8, 8)
    assert torch.equal(batch["images"], wanted)


def test_crops_are_the_same_place_in_all_maps_and_mostly_valid():
    batch = next(iter(PlaneStacks(2, 4, 96)))
    batch["truth"] = torch.rand(2, 96, 96)
    batch["images"] = batch["truth"][:, None, None].expand(2, 4, 3, 96, 96)
    batch["valid"][..., :40] = False
    cut = next(iter(FixedSlices([batch] * 20, 4, 48)))
    assert cut["images"].shape == (2, 4, 3, 48, 48)
    assert torch.equal(cut["images"][:, 0, 0], cut["truth"])
    shares = [c["valid"].float().mean() for c in FixedSlices([batch] * 20, 4, 48)]
    assert sum(share >= 0.8 for share in shares) > 12


def test_positions_are_shares_of_each_sweep():
    dioptres = torch.tensor([[2.0, 1.0, 0.0], [4.0, 3.0, 2.0]])
    truth = torch.tensor([[[0.5]], [[2.5]]])
    assert sweep_position(truth, dioptres).flatten().tolist() == [0.25, 0.25]
    assert sweep_position(truth + 9, dioptres).flatten().tolist() == [1.0, 1.0]


def test_the_loss_is_of_positions_or_of_dioptres():
    batch = {
        "images": torch.zeros(1, 2, 3, 4, 4),
        "dioptres": torch.tensor([[2.0, 0.0]]),
        "truth": torch.full((1, 4, 4), 0.5),
        "valid": torch.ones(1, 4, 4, dtype=torch.bool),
    }

    def network(images, dioptres, image=None):
        return {"position": torch.full((1, 4, 4), 0.75), "disparity": torch.full((1, 4, 4), 1.5)}

    along = make_loss("mean_squares", along_sweep=True)(network, batch)
    absolute = make_loss("squares", along_sweep=False)(network, batch)
    assert along["loss"] == pytest.approx(0.25)
    assert along["absolute"] == pytest.approx(0.5)
    assert absolute["loss"] == pytest.approx(16 * 1.0)


def test_stacks_of_even_sweeps_are_made_where_there_is_no_data(tmp_path):
    folder = tmp_path / "stacks"
    made = job(
        "ddffnet_cc3",
        "light",
        ["stacks=3", "views=0", f"stacks_folder={folder}", "planes=0", "batch=2"],
    )
    assert made.record["data_source"].startswith("3 training stacks")
    files = stack_files(folder)
    stacks = [read_training_stack(file) for file in files]
    assert len(stacks) == 3
    for stack in stacks:
        dioptres = stack.dioptres[0].numpy()
        steps = np.diff(dioptres)
        assert 8 <= len(dioptres) <= 12 and np.allclose(steps, steps[0], rtol=1e-3)
        assert 4.4 < float(stack.blur_scale) * (dioptres[-1] - dioptres[0]) < 14.1
    torch.manual_seed(0)
    batch = next(iter(made.train))
    assert batch["images"].shape == (2, 10, 3, 96, 96)
    assert batch["truth"].shape == (2, 96, 96)


def test_one_folder_of_stacks_is_enough(tmp_path):
    with pytest.raises(InputError, match="give --data once"):
        job("ddffnet_cc3", "smoke", data=[tmp_path, tmp_path])
    with pytest.raises(InputError, match="no stack folders"):
        job("ddffnet_cc3", "smoke", data=[tmp_path])
    with pytest.raises(InputError, match="nothing to learn from"):
        job("ddffnet_cc3", "smoke", data=[tmp_path / "none.h5"])
