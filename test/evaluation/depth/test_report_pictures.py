import math

import numpy as np

from ddff_perception.evaluation.depth.pictures import depth_pictures, depth_scale, slice_pictures
from ddff_perception.evaluation.reports.colours import UNKNOWN_GREY
from ddff_perception.types import FocalStack, FocusSlice

NAN = math.nan


def depth_map(*rows):
    return np.array(rows, dtype=np.float32)


def test_slices_are_shown_from_near_to_far_with_unknown_distances_bare():
    image = np.zeros((2, 2), np.uint8)

    def captions(*distances):
        stack = FocalStack(tuple(FocusSlice(image, d) for d in distances))
        return [picture.caption for picture in slice_pictures(stack)]

    assert captions(np.inf, 0.5, 3.0, 1.0, 2.0) == [
        "Slice 2 of 5, focused at 0.5 m",
        "Slice 5 of 5, focused at 2 m",
        "Slice 1 of 5, focused at infinity",
    ]
    assert captions(np.nan, np.nan) == ["Slice 1 of 2", "Slice 2 of 2"]


def test_the_depth_scale_has_near_at_the_left():
    scale = depth_scale(1.0, np.inf)
    assert scale.marks[0] == (1.0, "∞")
    assert scale.marks[-1] == (0.0, "1 m")


def test_depth_and_truth_share_a_scale():
    depth, truth = depth_map([1.0, 1.0, NAN]), depth_map([1.0, 4.0, 4.0])
    estimate, true, error = depth_pictures(depth, truth=truth)
    np.testing.assert_array_equal(estimate.image[0, 0], true.image[0, 0])
    assert (estimate.image[0, 2] == UNKNOWN_GREY).all()
    assert estimate.scale.marks == true.scale.marks
    assert (estimate.scale.unknown, true.scale.unknown, error.scale.unknown) == (True, False, True)
    assert error.scale.marks[-1][1] == "0.12 1/m and more"  # half of the median 0.25


def test_the_span_of_the_error_may_be_given():
    pictures = depth_pictures(depth_map([1.0]), depth_map([0.5]), depth_map([1.0]), error_span=0.4)
    captions = [picture.caption for picture in pictures]
    assert captions == ["Depth", "True depth", "Error in dioptres", "Confidence"]
    assert pictures[2].scale.marks[-1][1] == "0.4 1/m and more"


def test_a_truth_at_infinity_can_be_shown():
    infinite = depth_map([math.inf, math.inf])
    assert len(depth_pictures(infinite, truth=infinite)) == 3
