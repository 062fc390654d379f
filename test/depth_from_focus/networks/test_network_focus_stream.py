"""FocusStream's parts against the classical code that they stand on, and what it promises."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
ort = pytest.importorskip("onnxruntime")

from thin_lens_sweeps import thin_lens_stack

from ddff_perception.depth_from_focus.classical import multiscale as classical
from ddff_perception.depth_from_focus.data.generated.inputs import Contrasts, NetworkInputs
from ddff_perception.depth_from_focus.networks.focus_stream import (
    FocusStream,
    interpolation,
    local_expectation,
    log_likelihood,
)
from ddff_perception.training.weights import load_weights, start_weights


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(3)
    return FocusStream().eval()


def sweep():
    stack = thin_lens_stack()
    images = np.stack([item.image[:, :160] for item in stack.slices])[None]
    dioptres = torch.tensor([[1.0 / item.focus_distance_m for item in stack.slices]]).float()
    return torch.from_numpy(images).permute(0, 1, 4, 2, 3), dioptres


def test_it_has_fewer_than_three_million_parameters(network):
    assert sum(p.numel() for p in network.parameters()) <= 3_000_000


def test_training_begins_with_the_weights_of_the_networks_that_ship():
    network = FocusStream().eval()
    file = start_weights(Path("focus_stream"))
    load_weights(network, file)
    pixels = sweep()[0][0, :1]
    image = pixels.permute(0, 2, 3, 1).numpy()
    with torch.no_grad():
        found = network.encoder(pixels.float())
    shipped = ort.InferenceSession(file.parent / "focus_stream_encoder.onnx")
    np.testing.assert_allclose(found, shipped.run(None, {"image": image})[0], atol=1e-3)


def test_training_and_run_time_see_the_same_contrasts(network):
    pixels = sweep()[0][0].float()
    exact = network.encoder.contrasts(pixels)
    np.testing.assert_allclose(Contrasts()(pixels), exact, atol=2e-3, rtol=1e-4)


def test_its_likelihood_is_that_of_the_classical_method(network):
    inputs = NetworkInputs(24)(*sweep())
    measures = network.encoder.features(inputs["contrasts"][0])[:, :3].detach()
    found = log_likelihood(measures[None], inputs["templates"])[0].permute(1, 2, 0)
    expected = classical.log_likelihood(
        measures.numpy().transpose(1, 0, 2, 3), inputs["templates"][0].numpy(), 0.2
    )
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-3, atol=2e-3)


def test_slices_are_interpolated_at_any_spacing():
    places = torch.tensor([[0.0, 0.1, 0.45, 1.0]])
    centres = torch.linspace(0, 1, 21)
    share = interpolation(places, centres)
    np.testing.assert_allclose(share.sum(dim=2), 1.0, atol=1e-5)
    values = 3 * places - 1
    np.testing.assert_allclose((share[0] @ values[0]), 3 * centres - 1, atol=1e-5)


def test_two_depths_in_a_cell_are_not_averaged():
    chance = torch.zeros(1, 24, 1, 1)
    chance[0, 4], chance[0, 5], chance[0, 20] = 0.4, 0.2, 0.4
    best, offset, spread = local_expectation(chance)
    assert float(best + offset) == pytest.approx(4 + 1 / 3, abs=1e-5)
    assert float(spread) > 5


@pytest.mark.parametrize("slices", [3, 4, 9])
def test_any_number_of_slices_gives_one_map(network, slices):
    pixels, dioptres = sweep()
    kept = torch.linspace(0, 8, slices).round().long()
    inputs = NetworkInputs(24)(pixels[:, kept], dioptres[:, kept])
    with torch.no_grad():
        position, scale, logits = network(**inputs)
    assert position.shape == scale.shape == (1, 1, 24, 40)
    assert logits.shape == (1, 24, 12, 20)
    assert torch.isfinite(position).all() and torch.isfinite(scale).all()


def test_with_the_head_alone_to_learn_the_encoder_and_all_statistics_stay():
    network = FocusStream(head_only=True).train()
    assert not any(module.training for module in network.modules())
    learned = {name.split(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learned == {"head"}
