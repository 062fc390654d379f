"""What every depth-from-focus network must do; a test class inherits it and names its network."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ddff_perception.depth_from_focus.networks.common import FocusNetwork
from ddff_perception.depth_from_focus.training.papers_onnx import stack_file
from ddff_perception.training.onnx_file import write_onnx
from ddff_perception.types import InputError

# Height and width of stacks that exported files are run on.
SIZES = ((64, 96), (37, 75), (8, 130))


def stack_batch(
    slices: int, height: int = 64, width: int = 64, batch: int = 2, seed: int = 3
) -> dict[str, torch.Tensor]:
    """Focus sweeps over textured ground: left half sharp near the first slice, right half near
    the last; images, dioptres, truth (1/m) and valid.
    """
    generator = torch.Generator().manual_seed(seed)
    dioptres = torch.linspace(2.2, 0.4, slices).repeat(batch, 1)
    texture = torch.rand(batch, 3, height, width, generator=generator)
    truth = torch.full((batch, height, width), 1.9)
    truth[..., width // 2 :] = 0.7
    images = []
    for number in range(slices):
        blurred = texture.mean(dim=(2, 3), keepdim=True)
        share = (-4.0 * (truth - dioptres[:, number, None, None]).abs()).exp()[:, None]
        images.append(share * texture + (1 - share) * blurred)
    valid = torch.ones(batch, height, width, dtype=torch.bool)
    valid[:, :4, :4] = False
    return {
        "images": torch.stack(images, dim=1),
        "dioptres": dioptres,
        "truth": truth,
        "valid": valid,
    }


def outputs(network: FocusNetwork, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    with torch.no_grad():
        return network.eval()(batch["images"], batch["dioptres"])


class NetworkTests:
    """Inherit, and give `make`; `slices` is what the network is for, or None for any number."""

    slices: int | None = 4
    # Steps and rate of the short training.
    steps = 20
    rate = 5e-3

    def make(self) -> FocusNetwork:
        raise NotImplementedError

    @pytest.fixture
    def network(self) -> FocusNetwork:
        torch.set_num_threads(1)
        torch.manual_seed(0)
        return self.make()

    @property
    def count(self) -> int:
        return self.slices or 4

    def test_maps_have_the_size_of_the_images_and_two_units(self, network):
        batch = stack_batch(self.count)
        found = outputs(network, batch)
        assert set(found) >= {"position", "disparity"}
        for name in ("position", "disparity"):
            assert found[name].shape == (2, 64, 64)
            assert found[name].dtype == torch.float32
            assert torch.isfinite(found[name]).all()
        low, high = 0.4, 2.2
        torch.testing.assert_close(
            found["disparity"], low + found["position"] * (high - low), atol=1e-5, rtol=1e-5
        )

    @pytest.mark.parametrize("size", [(37, 75), (8, 8), (65, 33)])
    def test_odd_sizes_are_padded_and_cropped(self, network, size):
        found = outputs(network, stack_batch(self.count, *size, batch=1))
        assert found["disparity"].shape == (1, *size)
        assert torch.isfinite(found["disparity"]).all()

    def test_stacks_of_a_batch_do_not_touch_each_other(self, network):
        batch = stack_batch(self.count)
        alone = {name: values[1:] for name, values in batch.items()}
        both, one = outputs(network, batch), outputs(network, alone)
        torch.testing.assert_close(both["position"][1:], one["position"], atol=1e-4, rtol=1e-4)

    def test_another_number_of_slices_is_taken_or_refused_by_name(self, network):
        batch = stack_batch(self.count + 3, batch=1)
        if self.slices is None:
            assert torch.isfinite(outputs(network, batch)["position"]).all()
            return
        with pytest.raises(InputError, match=f"for {self.slices} slices and got {self.count + 3}"):
            outputs(network, batch)

    def test_wrong_shapes_are_told(self, network):
        batch = stack_batch(self.count, batch=1)
        with pytest.raises(InputError, match="B x S x 3 x H x W"):
            network(batch["images"][0], batch["dioptres"])
        with pytest.raises(InputError, match="dioptres must be"):
            network(batch["images"], batch["dioptres"][:, :-1])

    def test_the_gradient_reaches_every_parameter(self, network):
        batch = stack_batch(self.count)
        network.train()
        loss = (network(batch["images"], batch["dioptres"])["disparity"] - batch["truth"]).square()
        loss.mean().backward()
        missing = [
            name
            for name, parameter in network.named_parameters()
            if parameter.grad is None or not parameter.grad.abs().sum() > 0
        ]
        assert missing == []

    def test_the_loss_falls_in_a_few_steps(self, network):
        batch = stack_batch(self.count)
        optimizer = torch.optim.Adam(network.parameters(), lr=self.rate)
        network.train()
        losses = []
        for _ in range(self.steps):
            optimizer.zero_grad()
            found = network(batch["images"], batch["dioptres"])["disparity"]
            loss = (found - batch["truth"])[batch["valid"]].square().mean()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        assert np.mean(losses[-3:]) < 0.8 * np.mean(losses[:2]), losses

    def test_weights_come_back_from_safetensors(self, network, tmp_path):
        batch = stack_batch(self.count, batch=1)
        before = outputs(network, batch)
        save_file(network.state_dict(), tmp_path / "weights.safetensors")
        other = copy.deepcopy(network)
        with torch.no_grad():
            for parameter in other.parameters():
                parameter.add_(1.0)
        assert not torch.equal(outputs(other, batch)["position"], before["position"])
        other.load_state_dict(load_file(tmp_path / "weights.safetensors"), strict=True)
        torch.testing.assert_close(outputs(other, batch)["position"], before["position"])


class ExportedNetworkTests(NetworkTests):
    """For networks that differ from others in what the exporter sees: exporting takes seconds.

    `exported_slices`: of a network for any number, which the exporter may see as many times.
    """

    exported_slices = 2

    def test_onnx_gives_the_same_maps_at_other_sizes(self, network, tmp_path):
        onnxruntime = pytest.importorskip("onnxruntime")
        count = self.slices or self.exported_slices
        network = trained_statistics(network, count)
        path = write_onnx(stack_file(network, slices=count), tmp_path / "network.onnx")
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        stacks = [stack_batch(count, *size, batch=1, seed=5) for size in SIZES]
        plain = stacks[0]["images"].clone()
        plain[..., :48] = 0.4
        # Without contrast there are sums of next to nothing, which exporters are known to drop.
        stacks += [{**stacks[0], "images": images} for images in (plain, torch.zeros_like(plain))]
        for batch in stacks:
            wanted = outputs(network, batch)
            feeds = {name: batch[name].numpy() for name in ("images", "dioptres")}
            for name, found in zip(
                ("position", "disparity"), session.run(None, feeds), strict=True
            ):
                np.testing.assert_allclose(found, wanted[name].numpy(), atol=1e-4, rtol=1e-4)


def parameter_count(network: torch.nn.Module) -> int:
    """Number of learned values."""
    return sum(parameter.numel() for parameter in network.parameters())


def trained_statistics(network: FocusNetwork, slices: int) -> FocusNetwork:
    """The network after it has seen a batch: its batch norms are not those of a fresh one."""
    batch = stack_batch(slices)
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(batch["images"], batch["dioptres"])
    return network.eval()


__all__ = [
    "ExportedNetworkTests",
    "NetworkTests",
    "outputs",
    "parameter_count",
    "stack_batch",
    "trained_statistics",
]
