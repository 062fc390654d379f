"""The TensorRT backend on a stand-in that computes: builds, cache, parity, streams, graphs."""

import gc
import json
import logging

import numpy as np
import pytest
from fake_tensorrt import MARK
from parity import sized

from ddff_perception.engines.create import create_engine
from ddff_perception.engines.engine_cache import EngineCache
from ddff_perception.engines.parity import ParityError, check_parity
from ddff_perception.engines.tensors import EngineError

MIB = 1 << 20


@pytest.fixture
def cache(tmp_path):
    return EngineCache(tmp_path / "engines")


@pytest.fixture
def make(gpu, networks, cache):
    """Makes an engine of a network by its name."""

    def made(name="conv", progress=None, backend="tensorrt", model=None, **options):
        options = {"cache_folder": str(cache.folder), **options}
        return create_engine(model or networks[name], backend, options, progress)

    return made


def feeds_of(engine, seed=0, **sizes):
    return engine.signature.random_feeds(sized(engine.signature, sizes), seed)


@pytest.mark.parametrize("name", ["conv", "conv_float16", "slices"])
@pytest.mark.parametrize("cuda_graph", [False, True])
def test_it_computes_what_onnxruntime_computes(make, networks, name, cuda_graph):
    with (
        make(name, cuda_graph=cuda_graph) as engine,
        create_engine(networks[name], "onnxruntime") as reference,
    ):
        odd = {"slices": 5, "height": 17, "width": 29}
        turns = [{}, {}, {}, odd, odd, {}, {"slices": 3}, odd, {}]
        feeds = [feeds_of(engine, seed, **turn) for seed, turn in enumerate(turns)]
        check_parity(engine, reference, feeds, "float32")


def test_an_engine_is_built_once_and_found_again(make, gpu, cache):
    with make() as engine:
        first = {name: value.copy() for name, value in engine.run(feeds_of(engine)).items()}
    with make() as engine:
        again = engine.run(feeds_of(engine))
        np.testing.assert_array_equal(again["features"], first["features"])
    assert len(gpu.trt.builds) == 1
    (entry,) = cache.entries()
    assert entry.plan.name.startswith("conv-")
    assert entry.plan.read_bytes().startswith(MARK)


def test_the_sidecar_says_in_clear_text_what_the_engine_depends_on(make, networks, cache):
    make().close()
    (entry,) = cache.entries()
    content = json.loads(entry.sidecar.read_text())
    facts, built = content["facts"], content["built"]
    assert facts["onnx_sha256"] == networks["conv"].card.sha256
    assert facts["tensorrt"] == "11.4.0.106"
    assert facts["gpu"] == {
        "name": "Fake GPU", "compute_capability": "8.7", "multiprocessors": 16, "driver": 13000,
        "runtime": 13000,
    }  # fmt: skip
    assert facts["profile"] == {"image": [[1, 3, 8, 8], [1, 3, 48, 64], [1, 3, 512, 640]]}
    assert (facts["precision"], facts["tf32"], facts["workspace_mib"]) == ("float32", True, 1024)
    assert len(built["plan_sha256"]) == 64
    assert {"seconds", "finished"} <= set(built)
    assert {row["output"] for row in built["parity"]} == {"features", "mean"}


def test_what_the_engine_depends_on_makes_another_engine(make, gpu, networks, cache):
    make().close()
    make(workspace_mib=64).close()
    make(optimization_level=5).close()
    gpu.cuda.name = b"Another GPU"
    make().close()
    gpu.trt.__version__ = "10.3.0"
    make().close()
    make("conv_float16").close()
    assert len(gpu.trt.builds) == 6
    assert len({entry.plan for entry in cache.entries()}) == 6


def test_what_it_does_not_depend_on_does_not(make, gpu):
    make().close()
    make(cuda_graph=True, threads=1, check_ranges=False, parity_check=False).close()
    assert len(gpu.trt.builds) == 1


def test_the_builder_is_configured_as_asked(make, gpu):
    make(workspace_mib=64, optimization_level=1).close()
    (config,) = gpu.trt.builds
    assert list(config._limits.values()) == [64 * MIB]
    assert config.builder_optimization_level == 1
    assert config._profile._shapes == {"image": [[1, 3, 8, 8], [1, 3, 48, 64], [1, 3, 512, 640]]}
    assert config._flags, "TF32 is left on"


@pytest.mark.parametrize("spoiled", ["cut", "flipped", "other", "sidecar", "no sidecar"])
def test_a_plan_that_is_not_as_it_was_written_is_never_loaded(make, gpu, cache, spoiled):
    make().close()
    (entry,) = cache.entries()
    plan = entry.plan.read_bytes()
    if spoiled == "cut":
        entry.plan.write_bytes(plan[:-50])
    elif spoiled == "flipped":
        entry.plan.write_bytes(plan[:-1] + bytes([plan[-1] ^ 1]))
    elif spoiled == "other":
        entry.plan.write_bytes(b"something else")
    elif spoiled == "sidecar":
        entry.sidecar.write_text("{")
    else:
        entry.sidecar.unlink()
    loads = gpu.trt.loads
    with make() as engine:
        engine.run(feeds_of(engine))
    assert len(gpu.trt.builds) == 2
    assert gpu.trt.loads == loads + 1
    assert cache.entries()[0].plan.read_bytes() == plan


def test_a_kept_engine_that_does_not_load_is_built_anew_once(make, gpu, cache, caplog):
    make().close()
    (entry,) = cache.entries()
    built = {name: value for name, value in entry.built.items() if name != "plan_sha256"}
    cache.write(entry, b"a plan of another time", **built)
    make().close()
    assert len(gpu.trt.builds) == 2
    assert "does not load: building it anew" in caplog.text
    make().close()
    assert len(gpu.trt.builds) == 2


def test_a_build_that_yields_nothing_says_why_and_leaves_nothing(make, gpu, cache):
    gpu.trt.stubborn = True
    with pytest.raises(EngineError, match=r"cannot build .*: no kernel for this layer"):
        make()
    assert cache.entries() == []
    assert not gpu.cuda.streams


def test_every_error_of_the_parser_is_reported(make, networks, gpu, own_copy):
    from ddff_perception.engines.model_zoo import find_model, write_card

    card = find_model(own_copy).card
    own_copy.write_bytes(b"\x08\x0a" + b"no network" * 9)
    with pytest.raises(EngineError) as caught:
        make(model=write_card(own_copy, card))
    assert "first: " in str(caught.value)
    assert "second line (node unknown)" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_progress_is_told_and_grows(make):
    told = []
    make(progress=lambda what, share: told.append((what, share))).close()
    shares = [share for _, share in told]
    assert {what for what, _ in told} == {"building conv"}
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == 1.0


@pytest.mark.parametrize("backend", ["tensorrt", "auto"])
def test_a_build_can_be_stopped(make, cache, backend):
    with pytest.raises(EngineError, match="the build of conv was stopped"):
        make(progress=lambda what, share: share < 0.3, backend=backend)
    assert cache.entries() == []


def test_what_tensorrt_says_is_in_our_log(make, gpu, caplog):
    gpu.trt.stubborn = True
    with caplog.at_level(logging.INFO), pytest.raises(EngineError):
        make()
    assert "TensorRT: no kernel" in caplog.text
    assert "building conv for TensorRT 11.4.0.106" in caplog.text


def test_the_timing_cache_outlives_the_engines(make, gpu, cache):
    make().close()
    path = cache.timing_path("11.4.0.106", "Fake GPU")
    assert path.read_bytes() == b"timed+"
    cache.clear()
    assert cache.entries() == []
    make().close()
    assert path.read_bytes() == b"timed++"
    gpu.trt.__version__ = "11.5"
    make().close()
    assert cache.timing_path("11.5", "Fake GPU").read_bytes() == b"timed+"
    path.write_bytes(b"of another library")
    gpu.trt.__version__ = "11.4.0.106"
    make(workspace_mib=17).close()
    assert path.read_bytes() == b"timed+"


def test_an_engine_that_computes_something_else_is_refused_and_not_kept(make, gpu, cache, networks):
    gpu.trt.spoil = lambda value: value * 1.5
    with pytest.raises(ParityError, match="differs from onnxruntime by"):
        make("slices")
    assert cache.entries() == []
    assert not gpu.cuda.streams
    assert not gpu.cuda.device


def test_an_imprecise_engine_gives_way_to_a_more_precise_one(make, gpu, caplog):
    """float16 falls back to the float32 file beside it, which loses TF32 if it must."""
    seen = []

    def spoil(value):
        seen.append(value.dtype.name)
        tf32 = len(gpu.trt.builds[-1]._flags) > 0
        return value * 1.02 if tf32 else value

    gpu.trt.spoil = spoil
    with make("conv") as engine:
        assert engine.model.card.minimum_precision == "float32"
    assert "using float32 instead" in caplog.text
    assert len(gpu.trt.builds) == 2


def test_float16_whose_float32_file_has_other_types_does_not_give_way(make, gpu):
    gpu.trt.spoil = lambda value: np.full_like(value, np.nan)
    with pytest.raises(ParityError, match="is not finite"):
        make("conv_float16")


def test_auto_goes_on_with_onnxruntime_and_says_so(make, gpu, caplog):
    gpu.trt.spoil = lambda value: value + 1
    with make("slices", backend="auto") as engine:
        assert engine.backend == "onnxruntime"
    assert "using onnxruntime instead" in caplog.text


def test_parity_is_checked_once_and_may_be_left_out(make, gpu):
    make(parity_check=False).close()
    gpu.trt.spoil = lambda value: value + 1
    make(parity_check=False).close()
    with pytest.raises(ParityError):
        make()
    gpu.trt.spoil = None
    make().close()
    gpu.trt.spoil = lambda value: value + 1
    make().close()


def test_nothing_is_set_anew_where_shapes_repeat(make, gpu):
    with make() as engine:
        feeds = feeds_of(engine)
        engine.run(feeds)
        changes, held = gpu.trt.shape_changes, len(gpu.cuda.device)
        pinned = len(gpu.cuda.pinned)
        for _ in range(5):
            engine.run(feeds)
        assert gpu.trt.shape_changes == changes
        assert (len(gpu.cuda.device), len(gpu.cuda.pinned)) == (held, pinned)
        engine.run(feeds_of(engine, height=31))
        assert gpu.trt.shape_changes == changes + 1
        assert len(gpu.cuda.device) == held + 3


def test_memory_of_old_shapes_is_given_back(make, gpu):
    with make(parity_check=False) as engine:
        for height in range(20, 50):
            engine.run(feeds_of(engine, height=height))
        gc.collect()
        assert len(gpu.cuda.device) == 3 * 8
        assert len(gpu.cuda.pinned) <= 3 * 9


@pytest.mark.parametrize("cuda_graph", [False, True])
def test_closing_gives_everything_back(make, gpu, cuda_graph):
    engine = make(cuda_graph=cuda_graph)
    outputs = engine.run(feeds_of(engine))
    engine.run(feeds_of(engine, height=21))
    engine.close()
    assert (gpu.cuda.device, gpu.cuda.streams, gpu.cuda.graphs) == ({}, {}, 0)
    # What a caller still holds is freed with it, and not before.
    assert np.isfinite(outputs["features"]).all()
    del outputs
    gc.collect()
    assert gpu.cuda.pinned == {}


def test_a_graph_is_recorded_once_per_shape_and_replayed(make, gpu):
    with make(cuda_graph=True, parity_check=False) as engine:
        feeds = feeds_of(engine)
        engine.run(feeds)
        assert gpu.cuda.launches == 0
        for _ in range(4):
            engine.run(feeds)
        assert gpu.cuda.launches == 4
        engine.run(feeds_of(engine, height=21))
        assert (gpu.cuda.launches, gpu.cuda.graphs) == (4, 1)
    with make(cuda_graph=False, parity_check=False) as engine:
        engine.run(feeds)
        assert gpu.cuda.launches == 4


def test_a_gpu_without_room_is_named(make, gpu):
    gpu.cuda._left = 1000
    with pytest.raises(EngineError, match=r"CUDA could not (pin|allocate) \d+ bytes: cudaErrorMem"):
        make()
    assert not gpu.cuda.device
    assert not gpu.cuda.streams


def test_outputs_whose_size_depends_on_values_are_refused(make, gpu, monkeypatch):
    monkeypatch.setattr(
        "fake_tensorrt.IExecutionContext.get_tensor_shape", lambda self, name: (1, -1)
    )
    with pytest.raises(EngineError, match="the size of output features depends on values"):
        make()


def test_a_gpu_that_is_not_there_is_named(make):
    with pytest.raises(EngineError, match=r"there is no GPU 3: engine.device must be below 1"):
        make(device=3)


def test_a_cache_that_cannot_be_made_is_named(make, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot make the folder"):
        make(cache_folder=str(tmp_path / "file" / "engines"))


def test_the_description_says_what_runs_where(make):
    with make() as engine:
        assert engine.description == "conv on tensorrt 11.4.0.106 (float32, Fake GPU)"
