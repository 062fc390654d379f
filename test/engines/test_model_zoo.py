"""Models and their cards: what is taken, and what is refused in which words."""

import json
from dataclasses import replace

import pytest

from ddff_perception.engines import model_zoo
from ddff_perception.engines.create import create_engine
from ddff_perception.engines.model_card import card_from_dict, read_card
from ddff_perception.engines.model_zoo import (
    Model,
    card_path,
    find_model,
    shipped_models,
    write_card,
)
from ddff_perception.engines.tensors import EngineError
from ddff_perception.types import InputError


def refusal(call, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_users_own_file_with_its_card_is_found(own_copy):
    model = find_model(own_copy)
    assert model.path == own_copy
    assert model.card.name == "conv"
    assert find_model(str(own_copy)).card == model.card
    assert model.card.size_bytes == own_copy.stat().st_size


def test_a_card_comes_back_as_it_was_written(networks, tmp_path):
    card = networks["slices"].card
    assert read_card(networks["slices"].path.with_suffix(".json")) == card
    rich = replace(
        card,
        metrics={"mae_dpt": {"rooms": 0.012}},
        parameters=12,
        minimum_precision="float32",
        assets=("a chair", "a lamp"),
    )
    assert card_from_dict(json.loads(json.dumps(rich.to_dict()))) == rich


def test_shipped_models_are_found_by_name(networks, monkeypatch):
    monkeypatch.setattr(model_zoo, "WEIGHTS", networks["conv"].path.parent)
    assert shipped_models() == ["conv", "conv_float16", "slices"]
    assert find_model("slices").card == networks["slices"].card
    text = refusal(find_model, "focus_streem")
    assert text.startswith("there is no model 'focus_streem': shipped are conv, conv_float16, sl")


def test_every_shipped_model_is_whole_and_loads():
    for name in shipped_models():
        with create_engine(name, "onnxruntime") as engine:
            assert engine.model.card.name == name


def test_no_shipped_model_tells_of_the_machine_that_wrote_it():
    for name in shipped_models():
        assert b"site-packages" not in find_model(name).path.read_bytes(), name


def test_a_file_without_a_card_is_refused(own_copy):
    card_path(own_copy).unlink()
    assert "has no card: put conv.json beside it" in refusal(find_model, own_copy)


def test_a_missing_file_is_refused(tmp_path):
    assert refusal(find_model, tmp_path / "a.onnx") == f"there is no model file {tmp_path}/a.onnx"


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "weights.pt").write_bytes(b"PK")
    assert "a model is an .onnx file" in refusal(find_model, tmp_path / "weights.pt")


def test_a_truncated_file_is_refused(own_copy):
    content = own_copy.read_bytes()
    own_copy.write_bytes(content[:-100])
    text = refusal(find_model, own_copy)
    assert f"is truncated ({len(content) - 100} of {len(content)} bytes)" in text


@pytest.mark.parametrize("place", [20, -5])
def test_a_tampered_file_is_refused(own_copy, place):
    content = bytearray(own_copy.read_bytes())
    content[place] ^= 1
    own_copy.write_bytes(content)
    assert "is not the file that its card describes (its SHA-256 differs)" in refusal(
        find_model, own_copy
    )


def test_a_file_that_grew_is_refused(own_copy):
    own_copy.write_bytes(own_copy.read_bytes() + b"\0")
    assert "its SHA-256 differs" in refusal(find_model, own_copy)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 zip", b"\x89PNG\r\n", b"\x80\x04pickle"])
def test_a_foreign_file_is_refused(own_copy, content):
    own_copy.write_bytes(content)
    assert "is not an ONNX file" in refusal(find_model, own_copy)
    assert "is not an ONNX file" in refusal(write_card, own_copy, read_card(card_path(own_copy)))


def test_a_file_that_changes_after_it_was_found_is_refused(own_copy):
    model = find_model(own_copy)
    own_copy.write_bytes(own_copy.read_bytes()[:-1] + b"x")
    for backend in ("onnxruntime", "openvino"):
        assert "its SHA-256 differs" in refusal(create_engine, model, backend)
    own_copy.unlink()
    assert "cannot read the model" in refusal(create_engine, model, "onnxruntime")


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
def test_a_file_that_only_looks_like_onnx_is_refused_by_the_library(own_copy, backend):
    """The card vouches for it, but it is no network: one sentence, not a crash."""
    card = find_model(own_copy).card
    own_copy.write_bytes(b"\x08\x0a" + b"not a network at all" * 10)
    model = write_card(own_copy, card)
    text = refusal(create_engine, model, backend)
    assert text.startswith(f"{backend} cannot load {own_copy}: ")


@pytest.mark.parametrize("backend", ["onnxruntime", "openvino"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "picture"}, "the card names the inputs picture, the network has image"),
        ({"shape": (1, 4, "height", "width")}, "the network has (1, 3, ?, ?) float32"),
        ({"shape": ("height", "width"), "layout": "HW"}, "the network has (1, 3, ?, ?) float32"),
        ({"dtype": "uint8"}, "the card says input image (1, 3, height, width) uint8"),
    ],
)
def test_a_card_of_another_network_is_refused(own_copy, backend, change, words):
    card = find_model(own_copy).card
    wrong = replace(card, inputs=(replace(card.inputs[0], **change),))
    model = write_card(own_copy, wrong)
    with pytest.raises(EngineError) as caught:
        create_engine(model, backend)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("format", 2, "its format is 2, this version reads 1"),
        ("sha256", "abc", "sha256 must be 64 hexadecimal digits"),
        ("sha256", "", "has no sha256"),
        ("precision", "double", "precision must be one of float32, float16"),
        ("minimum_precision", "int8", "minimum_precision must be float32 or bfloat16"),
        ("opset", "18", "opset must be a whole number"),
        ("opset", True, "opset must be a whole number"),
        ("seed", -1, "seed must be a whole number of 0 or more"),
        ("licence", "  ", "licence must be a text that says something"),
        ("training_command", None, "training_command must be a text"),
        ("metrics", [1], "metrics must be an object"),
        ("inputs", [], "inputs must be one or more"),
        ("inputs", {}, "inputs must be a list"),
        ("outputs", [1], "outputs must hold objects"),
        ("axes", {"height": [8, 48, 512]}, "dynamic axes (height, width), not of height"),
        ("axes", {"height": [8, 48], "width": [8, 9, 10]}, "[smallest, typical, largest]"),
        ("axes", {"height": [9, 8, 10], "width": [8, 9, 10]}, "[smallest, typical, largest]"),
        ("axes", [], "axes must hold [smallest, typical, largest]"),
        ("name", "../conv", "name must be letters, digits"),
        ("parameters", 0, "parameters must be a whole number of 1 or more"),
        ("extra", 1, "the card has the unknown entry extra"),
        ("seed", ..., "the card lacks seed"),
    ],
)
def test_a_card_that_cannot_be_right_is_refused(own_copy, entry, value, words):
    content = json.loads(card_path(own_copy).read_text())
    content[entry] = value
    if value is ...:
        del content[entry]
    card_path(own_copy).write_text(json.dumps(content))
    assert words in refusal(find_model, own_copy)


@pytest.mark.parametrize(
    ("entry", "value", "words"),
    [
        ("shape", [1, 3, "height", 0], "an axis is a size or the name of one, not 0"),
        ("shape", [1, 3, "height", "not a name"], "not 'not a name'"),
        ("shape", "NCHW", "the shape of one of the inputs must be a list"),
        ("dtype", "complex64", "dtype must be one of"),
        ("layout", "NCW", "layout NCW has not one letter per axis"),
        ("range", [1.0, 0.0], "range must be [low, high]"),
        ("range", [0.0], "range must be [low, high]"),
        ("range", "0..1", "the range of one of the inputs must be [low, high]"),
        ("unit", None, "unit must be a text"),
        ("description", "", "description must be a text"),
        ("color", "RGB", "one of the inputs has the unknown entry color"),
    ],
)
def test_a_tensor_that_cannot_be_right_is_refused(own_copy, entry, value, words):
    content = json.loads(card_path(own_copy).read_text())
    content["inputs"][0][entry] = value
    card_path(own_copy).write_text(json.dumps(content))
    assert words in refusal(find_model, own_copy)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"text"'])
def test_a_card_that_is_no_object_is_refused(own_copy, content):
    card_path(own_copy).write_text(content)
    assert "model card" in refusal(find_model, own_copy)


def test_the_same_network_in_another_precision_lies_beside(networks):
    half = networks["conv_float16"]
    assert half.sibling("float32") == Model(networks["conv"].path, networks["conv"].card)
    assert networks["conv"].sibling("float16") == half
    assert networks["slices"].sibling("float16") is None
    assert half.sibling("float16") is None


def test_a_card_is_written_whole_or_not_at_all(own_copy):
    card = find_model(own_copy).card
    before = card_path(own_copy).read_bytes()
    assert "cannot read the model" in refusal(write_card, own_copy.with_name("no.onnx"), card)
    assert write_card(own_copy, replace(card, sha256="")).card == card
    assert card_path(own_copy).read_bytes() == before
