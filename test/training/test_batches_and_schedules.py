import pytest

torch = pytest.importorskip("torch")

from tiny_training import DrawnLine, Line
from torch.utils.data import DataLoader, Dataset

from ddff_perception.training.batches import TrainingBatches, make_loader
from ddff_perception.training.ema import AveragedModule
from ddff_perception.training.presets import FitSettings
from ddff_perception.training.schedules import rate_factor
from ddff_perception.types import InputError


class Numbers(Dataset):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        return {"index": torch.tensor(index), "random": torch.rand(2)}


def first(batches, count):
    found = []
    for batch in batches:
        found.append(batch)
        if len(found) == count:
            return found
    raise AssertionError("the batches ended")


def test_every_item_comes_once_per_epoch_in_a_new_order():
    settings = FitSettings(batch=5)
    batches = first(TrainingBatches(make_loader(Numbers(10), settings), settings, 0), 4)
    order = torch.cat([batch["index"] for batch in batches]).tolist()
    assert sorted(order[:10]) == sorted(order[10:]) == list(range(10))
    assert order[:10] != order[10:]


def test_fewer_items_than_a_batch_still_make_full_batches():
    settings = FitSettings(batch=8)
    (batch,) = first(TrainingBatches(make_loader(Numbers(3), settings), settings, 0), 1)
    assert sorted(batch["index"].tolist()[:3]) == [0, 1, 2]
    assert len(batch["index"]) == 8


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_begin_anywhere_as_if_all_before_had_been_drawn_whoever_loads_them(workers):
    settings = FitSettings(batch=4, seed=2)
    whole = first(TrainingBatches(make_loader(Numbers(10), settings), settings, 0), 9)
    settings = FitSettings(batch=4, workers=workers, seed=2)
    late = first(TrainingBatches(make_loader(Numbers(10), settings), settings, 6), 3)
    for a, b in zip(whole[6:], late, strict=True):
        assert torch.equal(a["index"], b["index"])
        assert torch.equal(a["random"], b["random"])
    assert not torch.equal(whole[0]["random"], whole[1]["random"])


@pytest.mark.parametrize("workers", [0, 2])
def test_drawn_batches_begin_anywhere_too_whoever_draws_them(workers):
    settings = FitSettings(seed=2)
    whole = first(TrainingBatches(DrawnLine(), settings, 0), 5)
    settings = FitSettings(seed=2, workers=workers)
    late = first(TrainingBatches(DrawnLine(), settings, 3), 2)
    assert torch.equal(whole[3]["x"], late[0]["x"])
    assert torch.equal(whole[4]["x"], late[1]["x"])


def test_an_empty_data_set_is_refused():
    with pytest.raises(InputError, match="nothing to train on"):
        make_loader(Numbers(0), FitSettings())
    empty = TrainingBatches(EmptyStream(), FitSettings(), 0)
    with pytest.raises(InputError, match="nothing to train on"):
        first(empty, 1)


class EmptyStream(DrawnLine):
    def __iter__(self):
        return iter(())


def test_an_order_that_cannot_be_repeated_is_refused():
    loader = DataLoader(Line(), batch_size=None)
    with pytest.raises(TypeError, match="plain order"):
        first(TrainingBatches(loader, FitSettings(), 0), 1)


def test_the_length_of_an_epoch():
    settings = FitSettings(batch=4, accumulate=2)
    loader = make_loader(Numbers(40), settings)
    assert TrainingBatches(loader, settings, 0).epoch_steps == 5
    assert TrainingBatches(DrawnLine(), settings, 0).epoch_steps == 1000
    assert TrainingBatches(loader, FitSettings(epoch_steps=7), 0).epoch_steps == 7


def test_the_rate_warms_up_and_falls_as_a_cosine():
    settings = FitSettings(warm_up_steps=10, final_factor=0.1)
    factors = [rate_factor(settings, step, 110, 10) for step in range(111)]
    assert factors[0] == pytest.approx(0.1)
    assert factors[9] == factors[10] == pytest.approx(1.0)
    assert factors[60] == pytest.approx(0.55)
    assert factors[110] == pytest.approx(0.1)
    assert factors[10:] == sorted(factors[10:], reverse=True)


def test_the_cosine_ends_with_the_time_limit_if_that_comes_first():
    settings = FitSettings(minutes=10)
    assert rate_factor(settings, 1, 1000, 10, 300) == pytest.approx(0.5)
    assert rate_factor(settings, 900, 1000, 10, 0) < 0.03
    assert rate_factor(settings, 1, 0, 10, 600) == pytest.approx(0.0)


def test_the_rate_of_the_papers_falls_by_a_tenth_every_fourth_epoch():
    settings = FitSettings(schedule="step", decay_factor=0.9, decay_epochs=4)
    steps = (0, 39, 40, 79, 80, 400)
    factors = [rate_factor(settings, step, 1000, 10) for step in steps]
    assert factors == pytest.approx([1, 1, 0.9, 0.9, 0.81, 0.9**10])
    assert rate_factor(FitSettings(schedule="constant"), 999, 1000, 10) == 1.0


def test_the_average_follows_a_constant_network_and_lags_behind_a_moving_one():
    net = torch.nn.Linear(2, 1)
    average = AveragedModule(net, 0.9)
    before = net.weight.detach().clone()
    with torch.no_grad():
        net.weight += 1.0
    for number in range(1, 200):
        average.update(net, number)
        if number == 1:  # the decay begins low: (1 + 1) / (10 + 1)
            lag = (net.weight - average.module.weight) / (net.weight - before)
            assert torch.allclose(lag, torch.full_like(lag, 2 / 11), atol=1e-5)
    assert torch.allclose(average.module.weight, net.weight, atol=1e-5)
    assert not average.module.weight.requires_grad


def test_settings_are_checked_and_changed_by_name():
    with pytest.raises(InputError, match="must lie in"):
        FitSettings(learning_rate=-1.0)
    with pytest.raises(InputError, match="needs an end"):
        FitSettings(steps=0)
    settings, own = FitSettings(epochs=3).changed(["steps=7", "precision=bf16"])
    assert (settings.steps, settings.epochs, settings.precision) == (7, 0, "bf16")
    assert own == {}
    with pytest.raises(InputError, match="no parameter 'lr'"):
        FitSettings().changed(["lr=1"])
