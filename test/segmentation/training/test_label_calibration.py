"""The temperature of probabilities."""

import pytest
import torch
from torch import nn

from ddff_perception.segmentation.training.calibration import fitted_temperature


class Scores(nn.Module):
    """Gives what it is given, so many times too sure."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, scores: torch.Tensor) -> torch.Tensor:
        return scores * self.factor


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_scores_that_are_too_sure_are_divided_by_as_much(factor):
    torch.manual_seed(0)
    scores = 2 * torch.randn(4, 5, 64, 64)
    truth = torch.distributions.Categorical(logits=scores.permute(0, 2, 3, 1)).sample()
    truth[:, :3] = 255
    batches = [{"scores": scores, "labels": truth}]
    found = fitted_temperature(Scores(factor), lambda batch: (batch["scores"],), batches)
    assert found == pytest.approx(factor, rel=0.08)
