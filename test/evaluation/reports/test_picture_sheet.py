import cv2
import numpy as np

from ddff_perception.evaluation.reports.blocks import ColorScale, Picture
from ddff_perception.evaluation.reports.picture_sheet import write_pictures


def test_every_picture_is_on_the_sheet_with_the_colours_of_its_scale(tmp_path):
    scale = ColorScale(["#ff0000", "#00ff00"], [(0.0, "near"), (1.0, "far")])
    grey, deep = np.full((40, 80), 7, np.uint8), np.full((80, 80, 3), 512, np.uint16)
    pictures = [Picture(grey, "a $1"), Picture(deep, "b", scale=scale), Picture(grey, "c")]
    write_pictures(tmp_path / "sheet.png", pictures)
    sheet = cv2.imread(str(tmp_path / "sheet.png")).reshape(-1, 3)
    for colour in ((7, 7, 7), (2, 2, 2), (0, 0, 255), (0, 255, 0)):
        assert np.any(np.all(sheet == colour, axis=1)), colour
