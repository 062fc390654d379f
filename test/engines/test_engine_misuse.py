"""Misuse gets the same sentence on every backend, TensorRT's included."""

import threading

import numpy as np
import pytest

from ddff_perception.engines.create import create_engine
from ddff_perception.engines.tensors import EngineError
from ddff_perception.types import InputError

BACKENDS = ("onnxruntime", "openvino", "tensorrt")


@pytest.fixture(params=BACKENDS)
def options(request, gpu, tmp_path):
    return {"engine.backend": request.param, "engine.cache_folder": str(tmp_path / "cache")}


@pytest.fixture
def engine(networks, options):
    with create_engine(networks["conv"], options=options) as made:
        yield made


@pytest.fixture
def pair(networks, options):
    with create_engine(networks["slices"], options=options) as made:
        yield made


def image(height=48, width=64, value=0.5):
    return {"image": np.full((1, 3, height, width), value, np.float32)}


def scores(slices=4, height=24, width=32):
    values = np.zeros((slices, 1, height, width), np.float32)
    return {"scores": values, "positions": np.zeros((slices, 1, 1, 1), np.float32)}


def refusal(call, *arguments) -> str:
    with pytest.raises(EngineError) as caught:
        call(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_an_engine_error_is_an_input_error():
    assert issubclass(EngineError, InputError)


def test_every_input_must_be_given_and_no_other(engine):
    assert refusal(engine.run, {}) == "input image is missing: the inputs are image"
    assert refusal(engine.run, {**image(), "mask": np.zeros(1)}) == (
        "there is no input mask: the inputs are image"
    )
    assert refusal(engine.run, {"img": image()["image"]}) == (
        "input image is missing and there is no input img: the inputs are image"
    )


@pytest.mark.parametrize("dtype", ["float64", "uint8", "float16", ">f4"])
def test_types_are_not_converted_in_silence(engine, dtype):
    text = refusal(engine.run, {"image": image()["image"].astype(dtype)})
    assert text.startswith("input image must be float32, not ")


def test_a_list_is_no_array(engine):
    text = refusal(engine.run, {"image": image()["image"].tolist()})
    assert text == "input image must be a numpy array, not a list"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((3, 48, 64), "input image (1, 3, height, width) float32 has 4 axes, but (3, 48, 64)"),
        ((2, 3, 48, 64), "was given as (2, 3, 48, 64)"),
        ((1, 4, 48, 64), "was given as (1, 4, 48, 64)"),
        ((1, 3, 7, 64), "axis height of input image must be 8 .. 512 long, not 7"),
        ((1, 3, 0, 64), "axis height of input image must be 8 .. 512 long, not 0"),
        ((1, 3, 48, 641), "axis width of input image must be 8 .. 640 long, not 641"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(engine, shape, words):
    assert words in refusal(engine.run, {"image": np.zeros(shape, np.float32)})


def test_axes_of_one_name_have_one_size(pair):
    feeds = {**scores(4), "positions": scores(5)["positions"]}
    assert refusal(pair.run, feeds) == "axis slices is 4 long in one input and 5 in positions"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 255.0, -0.01])
def test_values_out_of_range_and_nan_are_refused(engine, value):
    feeds = image()
    feeds["image"][0, 1, 3, 4] = value
    assert "input image must lie in 0 .. 1 without NaN" in refusal(engine.run, feeds)
    engine.run(image())


def test_the_range_check_can_be_left_out(networks, options):
    with create_engine(networks["conv"], options={**options, "check_ranges": False}) as engine:
        assert engine.run(image(value=2.0))["mean"].shape == (1, 8, 1, 1)


def test_an_input_without_a_range_is_taken_as_it_is(pair):
    feeds = scores()
    feeds["scores"][0, 0, 0, 0] = 1e6
    assert np.isfinite(pair.run(feeds)["position"]).all()


def test_a_closed_engine_says_so_and_closing_twice_is_no_error(networks, options):
    engine = create_engine(networks["conv"], options=options)
    result = engine.run(image())["mean"]
    before = result.copy()
    engine.close()
    engine.close()
    for call in (lambda: engine.run(image()), engine.warm_up, engine.__enter__):
        assert refusal(call).endswith("is closed: make a new engine")
    # What was handed out is still there.
    np.testing.assert_array_equal(result, before)


def test_leaving_the_block_closes_it_even_on_an_error(networks, options):
    with pytest.raises(ZeroDivisionError), create_engine(networks["conv"], options=options) as e:
        raise ZeroDivisionError
    assert "is closed" in refusal(e.run, image())


def test_two_threads_at_once_are_refused(engine, monkeypatch):
    entered, leave = threading.Event(), threading.Event()
    run = engine._run

    def slow(feeds):
        entered.set()
        leave.wait(20)
        return run(feeds)

    monkeypatch.setattr(engine, "_run", slow)
    thread = threading.Thread(target=engine.run, args=(image(),))
    thread.start()
    assert entered.wait(20)
    text = refusal(engine.run, image())
    leave.set()
    thread.join(20)
    assert text.endswith("is in use by another thread: make one for each")
    engine.run(image())


def test_an_error_leaves_the_engine_usable(engine):
    wanted = engine.run(image())["mean"].copy()
    refusal(engine.run, {"image": np.zeros((1, 3, 4, 4), np.float32)})
    np.testing.assert_array_equal(engine.run(image())["mean"], wanted)


def test_inputs_in_pieces_read_only_or_misaligned_are_taken(engine):
    values = np.random.default_rng(0).random((1, 3, 48, 64), np.float32)
    wanted = engine.run({"image": values})["features"].copy()
    transposed = np.ascontiguousarray(values.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    read_only = values.copy()
    read_only.flags.writeable = False
    raw = np.zeros(values.nbytes + 1, np.uint8)
    misaligned = raw[1:].view(np.float32).reshape(values.shape)
    misaligned[...] = values
    wide = np.zeros((1, 3, 48, 128), np.float32)
    wide[..., ::2] = values
    for given in (transposed, read_only, misaligned, wide[..., ::2]):
        np.testing.assert_array_equal(engine.run({"image": given})["features"], wanted)


def test_inputs_are_not_written_to(engine):
    feeds = image()
    before = feeds["image"].copy()
    engine.run(feeds)
    engine.run(feeds)
    np.testing.assert_array_equal(feeds["image"], before)


def test_outputs_that_were_kept_as_they_are_belong_to_the_next_run(engine):
    """The promise is: valid until the next run. A caller who keeps them longer copies."""
    first = engine.run(image(value=0.0))["mean"]
    engine.run(image(value=0.0))
    first = engine.run(image(value=0.0))["mean"]
    second = engine.run(image(value=1.0))["mean"]
    assert np.shares_memory(first, second)


def test_warm_up_checks_what_it_is_told(engine):
    engine.warm_up()
    engine.warm_up({"image": (1, 3, 31, 33)})
    assert "must be 8 .. 512" in refusal(engine.warm_up, {"image": (1, 3, 1, 33)})
    assert "is missing" in refusal(engine.warm_up, {})
