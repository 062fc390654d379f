"""Fits the temperature of a labelling network on the held-out views of its training.

    python tools/calibrate_labels.py RUN --data VIEWS

RUN is the folder of `ddff train segmentation`, VIEWS what it learned from (the same folders, in the
same order, or its cache). The number goes into RUN/weights.json, from where `ddff export` takes it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from ddff_perception.files.atomic import write_json
from ddff_perception.files.images import read_json
from ddff_perception.files.results import written_by
from ddff_perception.segmentation.capability import SEGMENTATION
from ddff_perception.segmentation.training.calibration import fitted_temperature
from ddff_perception.segmentation.training.labelling import LabellingTraining
from ddff_perception.training.fit import WEIGHTS
from ddff_perception.training.registry import parameter_values, training_module
from ddff_perception.training.weights import load_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--data", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    file = (arguments.run / WEIGHTS).with_suffix(".json")
    record = dict(read_json(file))
    trained = training_module(SEGMENTATION, str(record["network"]))
    assert isinstance(trained, LabellingTraining)
    preset = str(record["preset"])
    values = parameter_values(trained, preset, record["network_parameters"])
    network = trained.network(values)
    load_weights(network, arguments.run / WEIGHTS)
    batches = trained.held_out(trained.PRESETS[preset], values, arguments.data)
    temperature = fitted_temperature(network, trained.inputs(values), batches)
    with written_by(None):  # the run is the one that was named
        write_json(file, {**record, "temperature": temperature})
    print(f"temperature {temperature:.2f} is in {file}")


if __name__ == "__main__":
    main()
