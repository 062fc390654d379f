"""Node and commands offer what they read, and nothing else."""

import pytest

from ddff_perception.alignment.interface import VIDEO_ALIGNMENT
from ddff_perception.alignment.parameters import pipeline_parameters, recording_parameters
from ddff_perception.ros.parameter_file import given_settings
from ddff_perception.types import InputError


def given(assignment, used):
    return given_settings(VIDEO_ALIGNMENT, None, [assignment], method="sift", used=used)


@pytest.mark.parametrize("name", ["stripe_s", "overlap_s", "join_s", "xi"])
def test_what_whole_recordings_alone_take_is_none_of_the_nodes(name):
    assert f"matching.{name}" not in VIDEO_ALIGNMENT.parameters
    with pytest.raises(InputError, match=name):
        given(f"matching.{name}=1.5", pipeline_parameters)
    assert given(f"matching.{name}=1.5", recording_parameters)[f"matching.{name}"] == 1.5


@pytest.mark.parametrize("name", ["reference", "blank", "matching.clear"])
def test_what_a_live_path_alone_takes_is_refused_for_recordings(name):
    assert name in VIDEO_ALIGNMENT.parameters
    with pytest.raises(InputError, match=f"{name} changes nothing here"):
        given(f"{name}=0.5", recording_parameters)
