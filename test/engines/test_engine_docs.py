"""docs/engines.md says what the code says."""

from pathlib import Path

from ddff_perception.engines.create import ENGINE_PARAMETERS
from ddff_perception.engines.model_card import ModelCard, TensorCard
from ddff_perception.ros.describe import parameter_table

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "engines.md").read_text(encoding="utf-8")


def test_the_table_of_parameters_is_the_one_that_the_engines_use():
    assert f"\n{parameter_table(ENGINE_PARAMETERS)}\n" in PAGE


def test_every_entry_of_a_card_is_explained():
    names = {*ModelCard.__dataclass_fields__, *TensorCard.__dataclass_fields__}
    assert sorted(name for name in names if f"`{name}`" not in PAGE) == []
