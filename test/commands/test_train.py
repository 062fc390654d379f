import builtins
import json
import sys
from pathlib import Path

import pytest
from command_line import ddff

pytest.importorskip("torch")
pytest.importorskip("lightning")

from ddff_perception.capability import Reference
from ddff_perception.engines.model_zoo import find_model
from ddff_perception.registry import CAPABILITIES
from ddff_perception.training.export import export_weights

RUN = ("train", "depth_from_focus", "--network", "tiny", "--preset", "smoke")


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(
        CAPABILITIES["depth_from_focus"].networks, "tiny", Reference("tiny_training")
    )


def test_one_command_trains_and_resumes(tmp_path, capfd):
    outcome = ddff(capfd, *RUN, "-o", tmp_path / "run", "--set", "steps=12", "--set", "width=5")
    assert outcome.status == 0, outcome.errors
    assert f"The weights are {tmp_path / 'run' / 'weights.safetensors'}" in outcome.output
    record = json.loads((tmp_path / "run" / "weights.json").read_text())
    assert (record["network"], record["preset"]) == ("tiny", "smoke")
    assert record["parameters"] == 5 * 2 + 2 * 5 + 5 + 1
    assert record["network_parameters"] == {"width": 5}
    longer = ("--set", "steps=20", "--set", "width=5", "--resume")
    outcome = ddff(capfd, *RUN, "-o", tmp_path / "run", *longer)
    assert outcome.status == 0, outcome.errors
    assert json.loads((tmp_path / "run" / "settings.json").read_text())["resumed_at_step"] == 12


def test_fine_tuning_records_where_it_began(tmp_path, capfd):
    assert ddff(capfd, *RUN, "-o", tmp_path / "a", "--set", "steps=2").status == 0
    start = tmp_path / "a" / "weights.safetensors"
    first = json.loads(start.with_suffix(".json").read_text())
    start.with_suffix(".json").write_text(json.dumps({**first, "assets": ["a chair"]}))
    outcome = ddff(capfd, *RUN, "-o", tmp_path / "b", "--set", "steps=2", "--start", start)
    assert outcome.status == 0, outcome.errors
    record = json.loads((tmp_path / "b" / "weights.json").read_text())
    assert record["start"] == str(start)
    assert record["assets"] == ["a chair"], "what the first weights have seen is learned, too"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({1: "weather"}, "no capability 'weather'; there are: depth_from_focus"),
        ({3: "none"}, "no network 'none'; there are:"),
        ({5: "huge"}, "no preset 'huge'; there are: smoke"),
    ],
)
def test_wrong_names_list_the_right_ones(refused, tmp_path, change, sentence):
    arguments = [change.get(number, word) for number, word in enumerate(RUN)]
    assert sentence in refused(*arguments, "-o", tmp_path / "run")


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [("steps", "not name=value"), ("width=900", "must lie in"), ("lr=1", "no parameter 'lr'")],
)
def test_wrong_settings_say_what_is_right(refused, tmp_path, setting, sentence):
    assert sentence in refused(*RUN, "-o", tmp_path / "run", "--set", setting)


def test_weights_of_another_network_are_refused(refused, tmp_path, capfd):
    assert ddff(capfd, *RUN, "-o", tmp_path / "a", "--set", "steps=2").status == 0
    start = ("--start", tmp_path / "a" / "weights.safetensors", "--set", "width=9")
    # The folder of the run is made before the weights are read.
    (tmp_path / "b").mkdir()
    assert "another network or width" in refused(*RUN, "-o", tmp_path / "b", *start)


def test_weights_that_were_changed_are_not_begun_with(refused, tmp_path, capfd):
    assert ddff(capfd, *RUN, "-o", tmp_path / "a", "--set", "steps=2").status == 0
    weights = tmp_path / "a" / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    sentence = refused(*RUN, "-o", tmp_path / "b", "--start", weights)
    assert "is not the file that weights.json tells of" in sentence


def test_shipped_weights_are_begun_with_by_name(tmp_path, monkeypatch):
    from ddff_perception.training import weights

    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    (tmp_path / "tiny.safetensors").write_bytes(b"")
    assert weights.start_weights(Path("tiny")) == tmp_path / "tiny.safetensors"
    assert weights.start_weights(Path("other")) == Path("other")
    assert weights.start_weights(Path("folder/tiny")) == Path("folder/tiny")


def test_without_torch_the_command_names_the_installation(refused, tmp_path, monkeypatch):
    real = builtins.__import__

    def without_lightning(name, *arguments, **keywords):
        if name.split(".")[0] == "lightning":
            raise ModuleNotFoundError("No module named 'lightning'", name="lightning")
        return real(name, *arguments, **keywords)

    for name in [n for n in sys.modules if n.startswith("ddff_perception.training.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_lightning)
    sentence = refused(*RUN, "-o", tmp_path / "run")
    assert "training needs lightning" in sentence
    assert "pip install 'ddff_perception[train]'" in sentence


def test_final_weights_are_exported_by_the_network_that_they_are_of(tmp_path, capfd):
    assert ddff(capfd, *RUN, "-o", tmp_path / "run", "--set", "steps=2").status == 0
    weights = tmp_path / "run" / "weights.safetensors"
    (file,) = export_weights(CAPABILITIES["depth_from_focus"], weights, tmp_path, "float16")
    assert file.name == "tiny_float16.onnx"
    card = find_model(file).card
    assert (card.parameters, card.precision, card.data) == (41, "float16", "points on a line")
    assert card.training_command == (
        "ddff train depth_from_focus --network tiny --preset smoke --set steps=2 -o OUT"
    )


def test_weights_whose_record_has_a_parameter_of_an_older_version_are_exported(tmp_path, capfd):
    assert ddff(capfd, *RUN, "-o", tmp_path / "run", "--set", "width=5").status == 0
    weights = tmp_path / "run" / "weights.safetensors"
    record = json.loads(weights.with_suffix(".json").read_text())
    record["network_parameters"]["gone"] = "batched"
    weights.with_suffix(".json").write_text(json.dumps(record))
    outcome = ddff(capfd, "export", "depth_from_focus", weights, "-o", tmp_path / "exported")
    assert outcome.status == 0, outcome.errors
    assert find_model(tmp_path / "exported" / "tiny.onnx").card.parameters == 26
