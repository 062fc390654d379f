"""Training: smoke presets learn, branches become FuseLight, files compute what torch computes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from ddff_perception.engines.model_zoo import WEIGHTS
from ddff_perception.files.images import read_json
from ddff_perception.segmentation.data.blocks import block_views
from ddff_perception.segmentation.data.views import prepare_views
from ddff_perception.segmentation.networks.fuse_light import FuseLight, LightBranch
from ddff_perception.segmentation.networks.labeller import Labeller
from ddff_perception.segmentation.training.networks import COLOUR, DEPTH, FUSE_LIGHT, STACKED
from ddff_perception.segmentation.training.paper_networks import (
    FCN,
    FUSENET,
    SINGLE_STREAM,
    depth_channel,
    stream_image,
)
from ddff_perception.training.efficientnet_lite import (
    CHANNELS,
    EfficientNetLite0,
    load_imagenet,
)
from ddff_perception.training.fit import fit
from ddff_perception.training.onnx_file import write_onnx
from ddff_perception.training.registry import parameter_values
from ddff_perception.training.weights import load_weights, start_weights, write_weights
from ddff_perception.types import InputError

ALL = (COLOUR, DEPTH, STACKED, FUSE_LIGHT, FUSENET, SINGLE_STREAM, FCN)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def smoke_job(trained, **changed):
    values = {**parameter_values(trained, "smoke"), **changed.pop("values", {})}
    return trained.job(dataclasses.replace(trained.PRESETS["smoke"], **changed), values, ())


def test_the_encoder_has_the_stages_of_efficientnet_lite0():
    encoder = EfficientNetLite0()
    assert sum(p.numel() for p in encoder.parameters()) == 2_958_848
    with torch.no_grad():
        maps = encoder.eval()(torch.rand(1, 3, 64, 96))
    assert tuple(m.shape[1] for m in maps) == CHANNELS == (24, 40, 112, 320)
    assert [tuple(m.shape[2:]) for m in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]


def test_fuse_light_has_fewer_than_eight_million_parameters():
    assert sum(p.numel() for p in FuseLight(13).parameters()) == 6_426_921


def test_images_weights_are_taken_by_their_packages_names(tmp_path):
    torch.manual_seed(1)
    source = EfficientNetLite0()
    state = {"_fc.weight": torch.zeros(2), "_bn1.weight": torch.zeros(2)}
    number = 0
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        state[f"_bn0.{name}"] = getattr(source.stem.norm, name)
    state["_conv_stem.weight"] = source.stem.conv.weight
    parts = (("expand", "_expand_conv", "_bn0"), ("depthwise", "_depthwise_conv", "_bn1"),
             ("project", "_project_conv", "_bn2"))  # fmt: skip
    for stage in source.stages:
        for block in stage:
            for part, convolution, norm in parts:
                unit = getattr(block, part)
                if not isinstance(unit, torch.nn.Identity):
                    unit.norm.running_mean.normal_()
                    start = f"_blocks.{number}"
                    state[f"{start}.{convolution}.weight"] = unit.conv.weight
                    state |= {f"{start}.{norm}.{n}": v for n, v in unit.norm.state_dict().items()}
            number += 1
    torch.save(state, tmp_path / "lite0.pth")
    target = EfficientNetLite0().eval()
    load_imagenet(target, tmp_path / "lite0.pth")
    image = torch.rand(1, 3, 32, 32)
    with torch.no_grad():
        for a, b in zip(target(image), source.eval()(image), strict=True):
            assert torch.equal(a, b)
    assert not any(m.training for m in target.train().modules() if "Norm" in type(m).__name__)
    with pytest.raises(InputError, match="another network or width"):
        load_imagenet(EfficientNetLite0(width=0.5), tmp_path / "lite0.pth")
    with pytest.raises(InputError, match="ddff assets fetch efficientnet-lite0"):
        load_imagenet(target, tmp_path / "nothing.pth")


@pytest.mark.parametrize("trained", ALL, ids=lambda trained: trained.name)
def test_smoke_presets_train_and_leave_weights(trained, tmp_path):
    job = smoke_job(trained)
    weights = fit(job, tmp_path / "run")
    assert weights.is_file()
    assert (tmp_path / "run" / "pictures" / "step_0000003.png").is_file()
    assert "coloured blocks" in job.record["data_source"]


def test_a_branch_learns_the_blocks(tmp_path):
    job = smoke_job(COLOUR, steps=60, batch=4, learning_rate=3e-3, ema=0.9, log_every=60,
                    validate_every=60, picture_every=0)  # fmt: skip
    fit(job, tmp_path / "run")
    lines = (tmp_path / "run" / "validation.csv").read_text().splitlines()
    accuracy = float(lines[-1].split(",")[lines[0].split(",").index("accuracy")])
    assert accuracy > 0.18


def test_two_branches_become_a_fuse_light_that_begins_as_their_product(tmp_path):
    branches = [LightBranch(13, width=0.25).eval() for _ in range(2)]
    for branch in branches:
        torch.nn.init.normal_(branch.score.weight)
    paths = [write_weights(tmp_path / f"{n}.safetensors", b, {}) for n, b in enumerate(branches)]
    values = {"colour_weights": str(paths[0]), "depth_weights": str(paths[1]), "learns": "fusion"}
    network = smoke_job(FUSE_LIGHT, values=values).module
    learned = {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learned == {"fusion", "gate", "correction"}
    images = torch.rand(1, 3, 64, 64) * 255, torch.rand(1, 3, 64, 64) * 255
    with torch.no_grad():
        alone = [torch.log_softmax(b(i), 1) for b, i in zip(branches, images, strict=True)]
        network.eval()
        both = network(*images, torch.ones(1, 2))
        colour = network(images[0], images[1] * 0, torch.tensor([[1.0, 0.0]]))
        depth = network(images[0] * 0, images[1], torch.tensor([[0.0, 1.0]]))
    torch.testing.assert_close(both, alone[0] + alone[1])
    torch.testing.assert_close(colour, alone[0])
    torch.testing.assert_close(depth, alone[1])


def test_branches_that_learn_together_learn_from_what_fusion_is_told_is_missing():
    job = smoke_job(FUSE_LIGHT, values={"missing": 0.45, "alone": 1.0, "overlap": 0.0})
    batch = next(iter(job.train))
    assert batch["colour"].flatten(1).any(dim=1).all() and batch["hha"].flatten(1).any(dim=1).all()
    batch["present"] = torch.tensor([[1.0, 0.0]] * len(batch["labels"]))
    torch.nn.init.normal_(job.module.correction.weight)
    job.loss(job.module, batch)["loss"].backward()
    learned = {n: p.grad for n, p in job.module.named_parameters() if p.requires_grad}
    assert learned["depth.score.weight"].abs().sum() > 0
    # What is missing is not looked at by what joins: the second half of the channels.
    lateral = learned["fusion.laterals.0.weight"]
    half = lateral.shape[1] // 2
    assert lateral[:, half:].abs().sum() == 0 < lateral[:, :half].abs().sum()
    held = smoke_job(FUSE_LIGHT, values={"frozen": True}).module
    assert not held.colour.encoder.stem.conv.weight.requires_grad
    assert held.colour.encoder.stages[3][0].project.conv.weight.requires_grad


def test_batch_norm_of_encoders_keeps_or_follows_as_it_is_told():
    for keeps in (True, False):
        network = smoke_job(FUSE_LIGHT, values={"keep_statistics": keeps}).module.train()
        for branch in (network.colour, network.depth):
            assert branch.encoder.stem.norm.training is not keeps
            assert branch.decoder.mixers[0].body[1].training


def test_the_stacked_network_can_be_as_large_as_the_fused_one():
    values = parameter_values(STACKED, "cpu", {"scale": 1.45})
    stacked = sum(p.numel() for p in STACKED.network(values).parameters())
    fused = sum(p.numel() for p in FuseLight(13).parameters())
    assert stacked == pytest.approx(fused, rel=0.05)


def test_scenes_to_choose_by_are_not_learned_from(tmp_path):
    scenes = [10, 10, 11, 11, 12, 23]
    facts = {"classes": 13, "source": "rooms", "scenes": scenes}
    views = prepare_views(block_views(6, 13), 6, tmp_path / "views", facts)
    values = parameter_values(COLOUR, "smoke")
    settings = COLOUR.PRESETS["smoke"]
    job = COLOUR.job(settings, values, [views.folder])
    assert job.record["data_source"] == "3 views of rooms"
    assert sorted(job.train._chosen.tolist()) == [0, 1, 4]
    assert sum(len(b["labels"]) for b in COLOUR.held_out(settings, values, [views.folder])) == 3


@pytest.mark.parametrize(
    ("trained", "precision"),
    # Half precision is the same cast of every network.
    [*((trained, "float32") for trained in ALL), (FUSE_LIGHT, "float16"), (FUSENET, "float16")],
    ids=lambda value: getattr(value, "name", value),
)
def test_files_compute_what_torch_computes_at_any_size(trained, precision, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    values = parameter_values(trained, "smoke")
    network = trained.network(values).eval()
    (file,) = trained.onnx_files(network, {"network_parameters": values}, precision)
    path = write_onnx(file, tmp_path / "x.onnx")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    rng = np.random.default_rng(0)
    for height, width in ((64, 96), (37, 75)):
        feeds = {
            card.name: rng.uniform(0, 255, (1, card.shape[1], height, width)).astype(np.float32)
            if len(card.shape) == 4
            else np.ones((1, 2), np.float32)
            for card in file.inputs
        }
        found = session.run(None, feeds)[0]
        with torch.no_grad():
            wanted = file.module(*map(torch.from_numpy, feeds.values())).numpy()
        assert found.shape == (1, 13, height, width)
        # Where two of a pool's inputs are nearly equal, a memorised place may be the other one.
        apart = np.abs(found - wanted) > (4e-3 if precision == "float32" else 1e-2)
        assert apart.mean() < 5e-3
        np.testing.assert_allclose(found, wanted, atol=0.1)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-4)


def test_weights_that_ship_for_training_are_those_of_the_file_that_ships():
    onnxruntime = pytest.importorskip("onnxruntime")
    start = start_weights(Path("fuse_light_training"))
    network = FuseLight(13)
    load_weights(network, start)
    labeller = Labeller(network, read_json(start.with_suffix(".json"))["temperature"]).eval()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(WEIGHTS / "fuse_light.onnx"), options)
    images = torch.rand(2, 1, 3, 64, 96) * 255
    for given in ([1.0, 1.0], [1.0, 0.0], [0.0, 1.0]):
        present = torch.tensor([given])
        feeds = {"colour": images[0].numpy(), "hha": images[1].numpy(), "present": present.numpy()}
        with torch.no_grad():
            wanted = session.run(None, feeds)[0]
            np.testing.assert_allclose(labeller(*images, present).numpy(), wanted, atol=5e-3)


def test_depth_comes_back_from_hha_in_levels_of_four_centimetres():
    roots = torch.tensor([0.0, 255 * (0.3 / 2.0) ** 0.5, 255.0, 40.0]).view(1, 1, 1, 4)
    found = depth_channel(roots.repeat(1, 3, 1, 1))
    torch.testing.assert_close(
        found.flatten(), torch.tensor([0.0, 51.0, 7.65, 255.0]), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize(
    ("stream", "channels"),
    [("depth", 1), ("hha", 3), ("colour", 3), ("colour_depth", 4), ("colour_hha", 6)],
)
def test_streams_stack_what_their_names_say(stream, channels):
    batch = {"colour": torch.rand(2, 3, 8, 8), "hha": torch.rand(2, 3, 8, 8)}
    assert stream_image(stream, batch).shape == (2, channels, 8, 8)
