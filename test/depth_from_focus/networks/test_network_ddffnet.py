import pytest
import torch
from networks import (
    ExportedNetworkTests,
    NetworkTests,
    outputs,
    parameter_count,
    stack_batch,
    trained_statistics,
)
from safetensors.torch import save_file
from torch import nn

from ddff_perception.depth_from_focus.networks.common import pad_to_multiple
from ddff_perception.depth_from_focus.networks.ddffnet import (
    VARIANTS,
    DDFFNet,
    FixedUnpooling,
    bilinear_upconvolution,
)
from ddff_perception.depth_from_focus.networks.vgg import VGG16, VggEncoder, load_vgg16
from ddff_perception.types import InputError

# The 13 convolutions of VGG-16 (Simyonan and Zisserman, table 2), without biases.
VGG16_WEIGHTS = 14_710_464
CC3 = 39_790_348


class Variant:
    variant = "cc3"

    def make(self):
        return DDFFNet(self.variant, slices=4, width=0.125)


class TestCC3(Variant, ExportedNetworkTests):
    pass


class TestCC1(Variant, NetworkTests):
    variant = "cc1"


class TestUnpool(Variant, ExportedNetworkTests):
    variant = "unpool"


class TestBL(Variant, NetworkTests):
    variant = "bl"


def expected_parameters(variant: str) -> int:
    """Counted by hand from the paper's layers: convolutions without bias, two values per batch
    norm channel, 4 x 4 up-convolutions, a score of ten slices.
    """
    encoder = [(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 256)]
    encoder += [(256, 512), *[(512, 512)] * 5]
    decoder = [*[(512, 512)] * 3, *[(512, 512)] * 2, (512, 256), *[(256, 256)] * 2, (256, 128)]
    decoder += [(128, 128), (128, 64), (64, 64), (64, 1)]
    total = sum(9 * a * b + 2 * b for a, b in encoder + decoder)
    if variant not in ("unpool", "bl"):
        total += sum(16 * c * c for c in (512, 512, 256, 128, 64))
    # A joined map doubles the inputs of the block's first convolution.
    total += {"cc1": 9 * 64 * 64, "cc2": 9 * 128 * 128, "cc3": 9 * 256 * 256}.get(variant, 0)
    return total + 10


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_has_the_parameters_of_the_paper_s_layers(variant):
    network = DDFFNet(variant)
    assert parameter_count(network) == expected_parameters(variant)
    encoder = [p for p in network.encoder.parameters() if p.dim() == 4]
    assert sum(p.numel() for p in encoder) == VGG16_WEIGHTS
    if variant == "cc3":
        assert parameter_count(network) == CC3


def test_the_papers_crops_go_through_the_full_encoder():
    encoder = VggEncoder(0.25).eval()
    with torch.no_grad():
        deepest, kept = encoder(torch.rand(1, 3, 224, 224))
    assert deepest.shape == (1, 128, 7, 7)
    assert [tuple(m.shape[1:]) for m in kept] == [
        (16, 224, 224), (32, 112, 112), (64, 56, 56), (128, 28, 28), (128, 14, 14),
    ]  # fmt: skip


def test_full_frames_of_the_data_set_are_padded_and_cropped():
    network = DDFFNet("cc3", slices=2, width=0.0625)
    found = outputs(network, stack_batch(2, 383, 552, batch=1))
    assert found["disparity"].shape == (1, 383, 552)


def test_padding_mirrors_below_and_on_the_right():
    images = torch.rand(1, 2, 3, 37, 75)
    padded = pad_to_multiple(images, 32)
    wanted = nn.functional.pad(images[0], (0, 21, 0, 27), mode="reflect")
    assert torch.equal(padded[0], wanted)
    assert pad_to_multiple(images[..., :32, :64], 32).shape[-2:] == (32, 64)
    tiny = pad_to_multiple(images[..., :9, :8], 32)
    assert torch.equal(
        tiny[..., :16, :15],
        nn.functional.pad(images[0, ..., :9, :8], (0, 7, 0, 7), mode="reflect")[None],
    )
    assert torch.equal(tiny[..., 17:, :8], images[..., :1, :8].expand(1, 2, 3, 15, 8))


def test_upconvolutions_begin_as_bilinear_interpolation():
    maps = torch.rand(1, 3, 6, 5)
    with torch.no_grad():
        grown = bilinear_upconvolution(3)(maps)
    wanted = nn.functional.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)
    # The border differs: beyond it lie zeros.
    torch.testing.assert_close(grown[..., 1:-1, 1:-1], wanted[..., 1:-1, 1:-1])


def test_fixed_unpooling_puts_each_value_at_the_top_left():
    grown = FixedUnpooling()(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    wanted = [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    assert grown[0, 0].tolist() == wanted


def test_dropout_follows_poolings_and_blocks_three_to_five():
    network = DDFFNet("cc3", slices=2, width=0.0625)
    calls = []
    for half in (network.encoder, network.decoder):
        half.dropout.register_forward_hook(lambda layer, given, out: calls.append(given[0].shape))
    network.train()
    batch = stack_batch(2)
    network(batch["images"], batch["dioptres"])
    assert network.encoder.dropout.p == network.decoder.dropout.p == 0.5
    assert [shape[-1] for shape in calls] == [8, 4, 2, 4, 8, 16]


def test_there_is_one_activation_map_per_slice_and_the_score_mixes_them():
    network = trained_statistics(DDFFNet("cc3", slices=3, width=0.0625, along_sweep=False), 3)
    batch = stack_batch(3, 32, 64)
    with torch.no_grad():
        maps = network.activation_maps(batch["images"])
        network.score_layer.weight[0, :, 0, 0] = torch.tensor([0.5, 0.0, 2.0])
    assert maps.shape == (2, 3, 32, 64)
    assert maps.min() >= 0
    found = outputs(network, batch)["disparity"]
    torch.testing.assert_close(found, 0.5 * maps[:, 0] + 2.0 * maps[:, 2])


def test_slices_share_their_weights():
    network = DDFFNet("cc3", slices=3, width=0.0625).eval()
    images = stack_batch(3)["images"]
    with torch.no_grad():
        maps = network.activation_maps(images)
        turned = network.activation_maps(images.flip(1))
    torch.testing.assert_close(maps.flip(1), turned, atol=1e-5, rtol=1e-4)


class Classifier:
    """State of a VGG-16 as torchvision and timm name it, random."""

    def __init__(self, batch_norm: bool) -> None:
        generator = torch.Generator().manual_seed(7)
        self.state, number, inputs = {}, 0, 3
        for block in VGG16:
            for channels in block:
                shape = (channels, inputs, 3, 3)
                self.state[f"features.{number}.weight"] = torch.randn(shape, generator=generator)
                self.state[f"features.{number}.bias"] = torch.rand(channels, generator=generator)
                number += 1
                if batch_norm:
                    for name in ("weight", "bias", "running_mean", "running_var"):
                        values = torch.rand(channels, generator=generator)
                        self.state[f"features.{number}.{name}"] = values
                    number += 1
                number += 1
                inputs = channels
            number += 1
        self.state["classifier.6.weight"] = torch.zeros(1000, 8)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_a_vgg16_checkpoint_fills_the_encoder(batch_norm, suffix, tmp_path):
    state = Classifier(batch_norm).state
    path = tmp_path / f"vgg16{suffix}"
    if suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    encoder = VggEncoder()
    load_vgg16(encoder, path)
    first, last = encoder.blocks[0][0], encoder.blocks[4][2]
    names = sorted((int(n.split(".")[1]), n) for n in state if state[n].dim() == 4)
    assert torch.equal(first[0].weight, state["features.0.weight"])
    assert torch.equal(last[0].weight, state[names[-1][1]])
    if batch_norm:
        assert torch.equal(first[1].running_var, state["features.1.running_var"])
        assert torch.equal(last[1].bias, state[f"features.{names[-1][0] + 1}.bias"])


def test_files_that_are_no_vgg16_are_refused_in_one_sentence(tmp_path):
    encoder = VggEncoder()
    with pytest.raises(InputError, match="no weights file"):
        load_vgg16(encoder, tmp_path / "none.pth")
    (tmp_path / "damaged.pth").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="cannot be read as weights"):
        load_vgg16(encoder, tmp_path / "damaged.pth")
    torch.save(VggEncoder(0.0625), tmp_path / "pickled.pth")
    with pytest.raises(InputError, match="cannot be read as weights"):
        load_vgg16(encoder, tmp_path / "pickled.pth")
    save_file({"features.0.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "short.safetensors")
    with pytest.raises(InputError, match="13 convolutions of VGG-16"):
        load_vgg16(encoder, tmp_path / "short.safetensors")
    with pytest.raises(InputError, match=r"width 1, not 0\.5"):
        load_vgg16(VggEncoder(0.5), tmp_path / "short.safetensors")


def test_settings_that_make_no_network_are_refused():
    with pytest.raises(InputError, match="variant must be one of upconv, unpool"):
        DDFFNet("cc4")
    with pytest.raises(InputError, match="width multiplier"):
        DDFFNet(width=0)
    with pytest.raises(InputError, match="two slices"):
        DDFFNet(slices=1)
