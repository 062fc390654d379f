"""No command overwrites or removes what it did not write, wherever its output goes."""

import output_cases
import pytest
from command_line import ddff
from output_cases import CASES, READ_ONLY, assert_nothing_is_lost
from test_cli import ALL

# In `test_outputs_of_training.py`, which loads the learning packages.
TRAINING = {"train", "export"}


def test_every_command_is_known_to_write_or_not():
    """A new command that writes belongs into `output_cases.CASES`."""
    assert {" ".join(path) for path in ALL} == {*CASES, *READ_ONLY, *TRAINING}


@pytest.mark.parametrize("command", CASES)
def test_what_a_user_has_stays_to_the_byte(command, tmp_path, capfd):
    if command in ("demo", "run", "triples record"):
        pytest.importorskip("rclpy")
    assert_nothing_is_lost(capfd, CASES[command], tmp_path)


def test_what_another_command_wrote_is_not_replaced(tmp_path, capfd):
    case = CASES["depth"]
    output_cases.write_wall(tmp_path / "stack")
    assert ddff(capfd, *case.arguments(tmp_path / "stack", tmp_path / "out")).status == 0
    outcome = ddff(capfd, "stack", tmp_path / "out", "-o", tmp_path / "stack", "--distances=1,2,3")
    assert outcome.status == 2
    outcome = ddff(capfd, *case.arguments(tmp_path / "stack", tmp_path / "stack"))
    assert "depth.npy is there already and was not written by ddff depth" in outcome.errors
