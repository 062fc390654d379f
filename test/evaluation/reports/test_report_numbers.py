import math

import pytest

from ddff_perception.evaluation.reports.blocks import Column
from ddff_perception.evaluation.reports.numbers import column_texts, format_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.031249, "0.0312"),
        (0.5, "0.500"),
        (12.34, "12.3"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (-0.25, "−0.250"),
        (9.7e-4, "0.000970"),
        (2.5e-9, "2.50·10⁻⁹"),
        (307200, "307,200"),
        (None, "–"),
        (math.nan, "–"),
        (math.inf, "–"),
        ("text", "text"),
    ],
)
def test_numbers_have_three_digits(value, text):
    assert format_number(value) == text


def test_fixed_decimals_hold_for_floats_and_leave_integers_alone():
    assert column_texts(Column("c", decimals=1), [1.25, 10, -3.0, math.nan]) == [
        "1.2",
        "10",
        "−3.0",
        "–",
    ]


def test_tiny_numbers_of_a_column_fall_back_to_powers_of_ten():
    assert column_texts(Column("c"), [1e-9, 2e-9]) == ["1.00·10⁻⁹", "2.00·10⁻⁹"]
