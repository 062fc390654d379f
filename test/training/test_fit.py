import json
import os
import signal
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from tiny_training import loss, tiny_job, tiny_network
from torch._utils import ExceptionWrapper

from ddff_perception.files.atomic import write_bytes
from ddff_perception.files.images import read_image
from ddff_perception.training.curves import read_curve
from ddff_perception.training.fit import fit, sentence_of
from ddff_perception.training.weights import load_weights, read_weights
from ddff_perception.types import InputError


class PowerCutError(RuntimeError):
    pass


def stops_at(count):
    """A loss that fails in the training step with this number, as a power cut would."""
    calls = []

    def failing(net, batch):
        calls.extend([1] if net.training else [])
        if len(calls) == count:
            raise PowerCutError
        return loss(net, batch)

    return failing


def assert_same_weights(a, b):
    first, second = read_weights(a), read_weights(b)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_the_loss_falls_and_the_run_leaves_what_it_promises(tmp_path):
    weights = fit(tiny_job(), tmp_path / "run")
    rows = read_curve(tmp_path / "run" / "train.csv")
    assert [row["step"] for row in rows] == list(range(5, 41, 5))
    assert rows[-1]["loss"] < 0.3 * rows[0]["loss"]
    assert rows[0]["worst"] > rows[0]["loss"]
    validated = read_curve(tmp_path / "run" / "validation.csv")
    assert [row["step"] for row in validated] == [10, 20, 30, 40]
    assert read_image(tmp_path / "run" / "pictures" / "step_0000040.png").shape == (4, 16, 3)
    assert read_image(tmp_path / "run" / "curves.png").shape[2] == 3
    assert weights == tmp_path / "run" / "weights.safetensors"
    record = json.loads(weights.with_suffix(".json").read_text())
    assert record["settings"]["steps"] == 40
    assert record["losses"]["validation_loss"] == pytest.approx(validated[-1]["loss"], rel=1e-4)
    trained = tiny_network(seed=9)
    load_weights(trained, weights)
    x = torch.tensor([[0.5]])
    assert trained.eval()(x).item() == pytest.approx(0.0, abs=0.5)


@pytest.mark.parametrize("endless", [False, True])
def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path, endless):
    whole = fit(tiny_job(endless), tmp_path / "whole")
    with pytest.raises(PowerCutError):
        fit(replace(tiny_job(endless), loss=stops_at(27)), tmp_path / "cut")
    assert not (tmp_path / "cut" / "weights.safetensors").exists()
    resumed = fit(tiny_job(endless), tmp_path / "cut", resume=True)
    assert_same_weights(whole, resumed)
    for name in ("train.csv", "validation.csv"):
        curves = [read_curve(tmp_path / run / name) for run in ("whole", "cut")]
        rows, resumed_rows = ([(r["step"], r["loss"]) for r in curve] for curve in curves)
        assert resumed_rows == rows


def test_accumulated_batches_are_resumed_where_they_were_left(tmp_path):
    whole = fit(tiny_job(accumulate=3, steps=20), tmp_path / "whole")
    with pytest.raises(PowerCutError):
        fit(replace(tiny_job(accumulate=3, steps=20), loss=stops_at(47)), tmp_path / "cut")
    assert_same_weights(whole, fit(tiny_job(accumulate=3, steps=20), tmp_path / "cut", True))


def test_one_seed_gives_one_result_and_another_seed_another(tmp_path):
    first = fit(tiny_job(seed=5), tmp_path / "a")
    assert_same_weights(first, fit(tiny_job(seed=5), tmp_path / "b"))
    other = read_weights(fit(tiny_job(seed=6), tmp_path / "c"))
    same = read_weights(first)
    assert any(not torch.equal(same[name], other[name]) for name in same)


def test_a_finished_run_can_be_made_longer(tmp_path):
    fit(tiny_job(schedule="constant", steps=20), tmp_path / "run")
    longer = fit(tiny_job(schedule="constant", steps=40), tmp_path / "run", resume=True)
    whole = fit(tiny_job(schedule="constant", steps=40), tmp_path / "whole")
    assert_same_weights(whole, longer)


def test_a_plateau_halves_the_rate_and_a_resumed_run_remembers_it(tmp_path):
    def stands_still(network, batch):
        return {"loss": network(batch["x"]).mean() * 0.0 + 1.0}

    def job():
        settings = {"schedule": "plateau", "decay_factor": 0.5, "patience": 2, "steps": 24}
        return replace(tiny_job(**settings, validate_every=2, log_every=1), loss=stands_still)

    fit(job(), tmp_path / "whole")
    rates = [row["learning_rate"] for row in read_curve(tmp_path / "whole" / "train.csv")]
    assert [rate / rates[0] for rate in rates[5::4]] == pytest.approx([1, 0.5, 0.25, 0.125, 0.0625])
    fit(replace(job(), settings=replace(job().settings, steps=11)), tmp_path / "cut")
    fit(job(), tmp_path / "cut", resume=True)
    resumed = [row["learning_rate"] for row in read_curve(tmp_path / "cut" / "train.csv")]
    assert resumed[-1] <= rates[-1]
    with pytest.raises(InputError, match="needs data to validate on"):
        fit(replace(job(), validation=None), tmp_path / "blind")


def test_a_range_of_rates_tells_where_the_loss_falls_fastest_and_ends_where_it_explodes(tmp_path):
    settings = {"schedule": "range", "steps": 120, "learning_rate": 100.0, "optimizer": "sgd"}
    weights = fit(tiny_job(**settings, log_every=1, momentum=0.0), tmp_path / "run")
    rows = read_curve(tmp_path / "run" / "train.csv")
    assert rows[-1]["learning_rate"] < 100.0
    suggested = json.loads(weights.with_suffix(".json").read_text())["suggested_learning_rate"]
    assert 1e-3 < suggested < 10
    assert (tmp_path / "run" / "rates.png").is_file()
    with pytest.raises(InputError, match="needs a number of steps"):
        fit(tiny_job(schedule="range", steps=0, minutes=1.0), tmp_path / "timed")


def test_resuming_a_finished_run_changes_nothing(tmp_path):
    weights = fit(tiny_job(steps=10), tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir() if p.is_file()}
    assert fit(tiny_job(steps=10), tmp_path / "run", resume=True) == weights
    assert {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir() if p.is_file()} == before


def test_a_time_limit_ends_the_run_with_weights(tmp_path):
    seldom = dict.fromkeys(("checkpoint_every", "validate_every"), 10**6)
    settings = {"steps": 0, "minutes": 0.02, "picture_every": 0, "log_every": 1} | seldom
    weights = fit(tiny_job(**settings), tmp_path / "run")
    record = json.loads(weights.with_suffix(".json").read_text())
    assert 1.2 <= record["seconds"] < 60
    rates = [row["learning_rate"] for row in read_curve(tmp_path / "run" / "train.csv")]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.5 * rates[0]


def test_ctrl_c_stops_after_the_step_and_the_run_can_go_on(tmp_path):
    steps = []

    def interrupt(step, total, values):
        steps.append(step)
        if step == 13:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_job(), tmp_path / "cut", progress=interrupt)
    assert signal.getsignal(signal.SIGINT) is before
    assert max(steps) <= 14
    assert_same_weights(
        fit(tiny_job(log_every=7), tmp_path / "whole"),
        fit(tiny_job(log_every=7), tmp_path / "cut", resume=True),
    )


def test_bfloat16_and_clipping_train_too(tmp_path):
    fit(tiny_job(precision="bf16", gradient_clip=1.0, optimizer="sgd"), tmp_path / "run")
    rows = read_curve(tmp_path / "run" / "train.csv")
    assert rows[-1]["loss"] < 0.5 * rows[0]["loss"]


def test_a_gradient_is_clipped_to_its_limit(tmp_path):
    """One step of plain SGD with rate 1 moves the weights by no more than the limit."""
    job = tiny_job(
        steps=1, optimizer="sgd", momentum=0.0, learning_rate=1.0, gradient_clip=0.01,
        schedule="constant", weight_decay=0.0, ema=0.0,
    )  # fmt: skip
    before = {k: v.clone() for k, v in job.module.named_parameters()}
    after = read_weights(fit(job, tmp_path / "run"))
    moved = sum(((after[name] - value) ** 2).sum().item() for name, value in before.items())
    assert moved**0.5 == pytest.approx(0.01, rel=1e-3)


def test_the_curves_reach_a_logger_too(tmp_path, monkeypatch):
    """TensorBoard's package need not be here: any logger of Lightning's takes the same values."""
    from lightning.pytorch.loggers import CSVLogger

    from ddff_perception.training import fit as module

    monkeypatch.setattr(module, "_tensorboard", lambda output: CSVLogger(output, "log", ""))
    fit(tiny_job(), tmp_path / "run")
    text = (tmp_path / "run" / "log" / "metrics.csv").read_text()
    names = set(text.splitlines()[0].split(","))
    assert {"train/loss", "train/worst", "validation/loss"} <= names
    assert len(text.splitlines()) > 8


def test_the_best_weights_are_kept_where_asked(tmp_path):
    """A rate that ruins the network half-way: the last weights are bad, the best are not."""

    def spoiled(net, batch):
        found = loss(net, batch)
        calls.extend([1] if net.training else [])
        return found | {"loss": -found["loss"]} if net.training and len(calls) > 20 else found

    calls = []
    (tmp_path / "run").mkdir()
    write_bytes(tmp_path / "run" / "best.safetensors", b"what an earlier run left")
    job = replace(tiny_job(keep="best", ema=0.0, schedule="constant"), loss=spoiled)
    record = json.loads(fit(job, tmp_path / "run").with_suffix(".json").read_text())
    assert record["kept"] == "best"
    validated = [row["loss"] for row in read_curve(tmp_path / "run" / "validation.csv")]
    assert record["best_validation_loss"] == pytest.approx(min(validated), rel=1e-4)
    assert min(validated) < validated[-1]
    net = tiny_network()
    load_weights(net, tmp_path / "run" / "weights.safetensors")
    batch = next(iter(tiny_job(batch=11).validation))
    with torch.no_grad():
        left = float(loss(net.eval(), batch)["loss"])
    assert left < 1.5 * min(validated) + 0.01


def test_fine_tuning_begins_with_the_given_weights(tmp_path):
    start = fit(tiny_job(), tmp_path / "first")
    tuned = fit(
        replace(tiny_job(steps=1, learning_rate=0.0, weight_decay=0.0, ema=0.0), start=start),
        tmp_path / "second",
    )
    learned = dict(tiny_network().named_parameters())
    first, second = read_weights(start), read_weights(tuned)
    assert all(torch.equal(first[name], second[name]) for name in learned)


def test_a_share_of_the_weights_it_began_with_is_kept(tmp_path):
    start = fit(tiny_job(), tmp_path / "first")
    whole, shared = (
        fit(replace(tiny_job(steps=3, ema=0.0, start_share=share), start=start), tmp_path / name)
        for share, name in ((0.0, "whole"), (0.25, "shared"))
    )
    first, last, kept = read_weights(start), read_weights(whole), read_weights(shared)
    for name in dict(tiny_network().named_parameters()):
        expected = 0.25 * first[name] + 0.75 * last[name]
        torch.testing.assert_close(kept[name], expected)
        assert not torch.equal(first[name], last[name])


def test_a_run_is_not_overwritten_and_not_resumed_from_nothing(tmp_path):
    with pytest.raises(InputError, match="leave out --resume"):
        fit(tiny_job(), tmp_path / "run", resume=True)
    fit(tiny_job(steps=2), tmp_path / "run")
    with pytest.raises(InputError, match="holds a run"):
        fit(tiny_job(steps=2), tmp_path / "run")


@pytest.mark.parametrize("damage", ["truncated", "pickled", "other", "width"])
def test_a_checkpoint_that_is_none_of_ours_is_refused(tmp_path, damage):
    fit(tiny_job(steps=2), tmp_path / "run")
    file = tmp_path / "run" / "checkpoint.ckpt"
    job = tiny_job()
    if damage == "truncated":
        file.write_bytes(file.read_bytes()[:500])
    elif damage == "pickled":
        torch.save({"global_step": 1, "state_dict": {}, "x": tiny_network()}, file)
    elif damage == "other":
        torch.save({"weights": torch.zeros(3)}, file)
    else:
        job = replace(job, module=tiny_network(width=9))
    with pytest.raises(InputError) as caught:
        fit(job, tmp_path / "run", resume=True)
    assert str(file) in str(caught.value)


def test_folders_that_cannot_be_written_end_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot make the folder"):
        fit(tiny_job(), tmp_path / "file" / "run")


def test_a_full_disk_ends_with_a_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot write .*No space left"):
        fit(tiny_job(), tmp_path / "run")


def test_a_loss_that_is_not_finite_ends_with_advice(tmp_path):
    def infinite(net, batch):
        return {"loss": net(batch["x"]).sum() / 0.0}

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(InputError, match="lower learning_rate"):
        fit(replace(tiny_job(), loss=infinite), tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"precision": "16"}, "needs a GPU"), ({"device": "cuda"}, "no CUDA GPU")],
)
def test_what_the_machine_cannot_do_is_said(tmp_path, settings, sentence):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(InputError, match=sentence):
        fit(tiny_job(**settings), tmp_path / "run")


def test_what_a_loaders_process_refuses_is_told_as_a_sentence() -> None:
    try:
        raise InputError("an image of 128 x 96 is smaller than the crops: set height and width")
    except InputError:
        wrapped = ExceptionWrapper(where="in DataLoader worker process 0")
    with pytest.raises(InputError, match="worker process") as caught:
        wrapped.reraise()
    told = sentence_of(caught.value)
    assert told == "an image of 128 x 96 is smaller than the crops: set height and width"
    assert sentence_of(InputError("as it is")) == "as it is"
