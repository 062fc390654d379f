"""The losses between scores and labels, against what is worked out by hand."""

import pytest
import torch

from ddff_perception.segmentation.evaluation.counts import Scores, confusion
from ddff_perception.segmentation.training.losses import LossShares, labelling_loss, lovasz


def sure(labels, classes=3):
    """Scores that are sure of `labels` N x H x W."""
    return 50.0 * torch.nn.functional.one_hot(labels, classes).permute(0, 3, 1, 2).float()


def test_the_overlap_loss_of_sure_labels_is_what_iou_lacks():
    generator = torch.Generator().manual_seed(0)
    truth = torch.randint(0, 3, (2, 8, 10), generator=generator)
    found = torch.where(torch.rand(2, 8, 10, generator=generator) < 0.3, (truth + 1) % 3, truth)
    scores = Scores.of(confusion(truth.byte().numpy(), found.byte().numpy(), 3))
    assert float(lovasz(sure(found), truth)) == pytest.approx(1 - scores.mean_iou, abs=1e-4)
    assert float(lovasz(sure(truth), truth)) == pytest.approx(0, abs=1e-5)


def test_the_overlap_loss_leaves_out_what_has_no_label_and_what_a_batch_lacks():
    truth = torch.zeros(1, 4, 4, dtype=torch.int64)
    truth[:, 2:] = 1
    blank = truth.clone()
    blank[:, :, 2:] = 255
    wrong = truth.clone()
    wrong[:, :, 2:] = 2
    assert float(lovasz(sure(wrong), blank)) == pytest.approx(0, abs=1e-5)
    nothing = sure(wrong).requires_grad_()
    lovasz(nothing, torch.full_like(truth, 255)).backward()
    assert not nothing.grad.any()


def test_coarse_scores_are_held_to_the_labels_in_the_middle_of_their_cells():
    class Coarse(torch.nn.Module):
        def forward(self, image):
            return sure(torch.tensor([[[0, 1], [0, 1]]]), 2)

    truth = torch.zeros(1, 8, 8, dtype=torch.int64)
    truth[:, :, 3:] = 1
    batch, inputs = {"labels": truth}, lambda batch: (truth,)
    both = [
        float(
            labelling_loss(inputs, torch.ones(2).numpy(), LossShares(overlap))(Coarse(), batch)[
                "loss"
            ]
        )
        for overlap in (0.0, 1.0)
    ]
    assert both[1] == pytest.approx(both[0], abs=1e-5)


def test_parts_count_by_their_share():
    class Two(torch.nn.Module):
        def every_score(self, image):
            return [sure(torch.zeros(1, 2, 2, dtype=torch.int64)), image, image]

        def forward(self, image):
            return self.every_score(image)[0]

    labels = torch.zeros(1, 2, 2, dtype=torch.int64)
    batch = {"image": torch.zeros(1, 3, 2, 2), "labels": labels}
    for alone, wanted in ((0.0, 0.0), (0.25, 0.5 * torch.log(torch.tensor(3.0)))):
        loss = labelling_loss(lambda b: (b["image"],), torch.ones(3).numpy(), LossShares(0, alone))
        found = loss(Two(), batch)
        assert float(found["loss"]) == pytest.approx(float(wanted), abs=1e-5)
        assert float(found["accuracy"]) == 1.0
