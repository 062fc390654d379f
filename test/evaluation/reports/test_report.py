import base64
import math
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from ddff_perception.evaluation.reports.blocks import (
    Charts,
    ColorScale,
    Column,
    Details,
    Facts,
    Picture,
    Pictures,
    Row,
    Section,
    Table,
    Text,
    Tile,
    Tiles,
)
from ddff_perception.evaluation.reports.charts import Chart, Series
from ddff_perception.evaluation.reports.page import render_report, write_report
from ddff_perception.types import InputError

NASTY = "<script>alert('x')</script> & \"quoted\" \x00\ud800 ]]>"
CHART = Chart("Curve", "x", "y", [Series(NASTY, (0, 1), (0, 1)), Series("b", (0, 1), (1, 0))])
PICTURE = Picture(np.full((4, 6, 3), 90, np.uint8), NASTY)


def every_block():
    return [
        Text(NASTY),
        Facts([(NASTY, NASTY), ("pixels", 1200), ("long", "word " * 30)]),
        Tiles([Tile(NASTY, 1.25, NASTY, NASTY), Tile("none", math.nan)]),
        Table([NASTY, Column(NASTY, NASTY)], [[NASTY, 1.0]], caption=NASTY, note=NASTY),
        Pictures([PICTURE]),
        Charts([CHART]),
        Details(NASTY, [Text("folded")]),
    ]


def page_of(*blocks, **options):
    return render_report([Section("Section", blocks)], title="Title", **options)


def parsed(page):
    return ElementTree.fromstring(page.partition("\n")[2])


class Loads(HTMLParser):
    """Collects what a browser would fetch, and scripts."""

    def __init__(self):
        super().__init__()
        self.addresses, self.scripts = [], 0

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        for name, value in attrs:
            self.scripts += name.startswith("on")
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                self.addresses.append(value)


def test_every_block_with_hostile_text_makes_a_well_formed_page_without_scripts():
    page = render_report(
        [Section(NASTY, every_block(), NASTY), Section("b")],
        title=NASTY,
        subtitle=NASTY,
        facts=[(NASTY, NASTY)],
        footer=NASTY,
    )
    root = parsed(page)  # fails on anything that is not escaped or not closed
    page.encode()
    loads = Loads()
    loads.feed(page)
    assert loads.scripts == 0
    assert root.find(".//h1").text.startswith("<script>alert('x')</script> &")


def test_the_page_loads_nothing_from_outside():
    page = render_report([Section("a", every_block()), Section("b")], title="t")
    loads = Loads()
    loads.feed(page)
    assert loads.addresses
    assert all(a.startswith(("data:image/", "#")) for a in loads.addresses)
    style = parsed(page).find(".//style").text
    assert "url(" not in style
    assert "@import" not in style
    assert "http" not in page.replace("http-equiv", "")
    assert "default-src 'none'" in page


def test_every_anchor_leads_to_one_place():
    page = render_report([Section("a", every_block()), Section("b", every_block())], title="t")
    identifiers = re.findall(r'id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in identifiers or target == "_"


def test_pictures_are_stored_as_they_are_and_photos_as_jpeg():
    image = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    page = page_of(Pictures([Picture(image, "map"), Picture(image, "photo", photo=True)]))
    sources = [node.attrib["src"] for node in parsed(page).iter("img")]
    assert [source.split(";")[0] for source in sources] == ["data:image/png", "data:image/jpeg"]
    data = np.frombuffer(base64.b64decode(sources[0].split(",")[1]), np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), image)


def test_large_pictures_are_made_smaller_and_keep_their_shape():
    page = page_of(Pictures([Picture(np.zeros((1000, 2000), np.uint16), "large")]))
    image = parsed(page).find(".//img")
    assert (image.attrib["width"], image.attrib["height"]) == ("960", "480")


def test_a_colour_scale_stands_under_its_picture():
    scale = ColorScale(["#000000", "#ffffff"], [(0.0, "0"), (0.5, "half"), (1.0, "1")])
    page = page_of(Pictures([Picture(np.zeros((2, 2), np.uint8), "map", scale=scale)]))
    marks = parsed(page).findall(".//span[@class='marks']/span")
    assert [mark.text for mark in marks] == ["0", "half", "1"]
    assert marks[1].attrib["style"] == "left: 50.0%"
    assert "linear-gradient(90deg, #000000, #ffffff)" in page


def cells(page):
    rows = parsed(page).findall(".//tbody/tr")
    return [["".join(cell.itertext()) for cell in row] for row in rows]


def test_numbers_of_a_column_share_their_decimals():
    table = Table(["name", "error"], [["a", 0.0123], ["b", 0.4561], ["c", 12.0], ["d", None]])
    assert cells(page_of(table)) == [
        ["a", "0.012"],
        ["b", "0.456"],
        ["c", "12.000"],
        ["d", "–"],
    ]


def test_the_best_of_the_normal_rows_is_marked():
    table = Table(
        ["name", Column("error", better="low"), Column("share", better="high")],
        [["a", 2.0, 0.5], ["b", 1.0, 0.7], ["c", math.nan, 0.1], Row(["r", 0.5, 0.9], "reference")],
    )
    rows = parsed(page_of(table)).findall(".//tbody/tr")
    best = [[c.attrib.get("class") == "best" for c in row] for row in rows]
    assert best == [[False] * 3, [False, True, True], [False] * 3, [False] * 3]
    assert rows[3].attrib["class"] == "reference"


def test_bars_are_as_long_as_their_values():
    table = Table(["s", Column("t", bar=True)], [["a", 1.0], ["b", 4.0], Row(["sum", 5.0], "mean")])
    widths = [n.attrib["style"] for n in parsed(page_of(table)).iterfind(".//span[@class='fill']")]
    assert widths == ["width: 25.0%", "width: 100.0%"]


def test_a_row_of_the_wrong_length_is_a_mistake():
    with pytest.raises(ValueError, match="needs 2 cells"):
        page_of(Table(["a", "b"], [["only one"]]))


def drawing_of(*charts):
    return parsed(page_of(Charts(charts))).find(".//svg[@class='chart']")


def test_the_curve_of_a_chart_has_its_points_where_the_axes_say():
    chart = Chart("c", "x", "y", [Series("s", (0, 5, 10), (0, 1, 2))], (0, 10), (0, 2))
    svg = drawing_of(chart)
    path = svg.find(".//g[@id='chart-1-s0']/path").attrib["d"]
    points = np.array([p.split() for p in re.split("[ML]", path)[1:]], float)
    assert points[1] == pytest.approx((points[0] + points[2]) / 2, abs=0.1)
    labels = {node.text: node.attrib for node in svg.iter("text")}
    assert float(labels["0"]["x"]) == pytest.approx(points[0][0], abs=0.1)
    assert float(labels["10"]["x"]) == pytest.approx(points[2][0], abs=0.1)
    # The line of a text stands below the middle of its letters.
    assert 0 < float(labels["2.0"]["y"]) - points[2][1] < 6


def test_a_curve_breaks_where_it_is_unknown():
    chart = Chart("c", "x", "y", [Series("s", (0, 1, 2, 3, 4), (1, 1, math.nan, 1, 1))])
    path = drawing_of(chart).find(".//g[@id='chart-1-s0']/path")
    assert path.attrib["d"].count("M") == 2


def test_charts_speak_take_the_colours_of_the_page_and_are_always_the_same():
    page = page_of(Charts([CHART, CHART]))
    svg = parsed(page).find(".//svg[@class='chart']")
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "Curve. y over x."
    assert "y" in [node.text for node in svg.iter("text")]
    drawn = "".join(style for node in svg.iter() if (style := node.attrib.get("style")))
    assert "var(--series-0)" in drawn and "var(--series-1)" in drawn
    assert "#" not in re.sub(r"url\(#.*?\)", "", drawn)
    assert page == page_of(Charts([CHART, CHART]))


@pytest.mark.parametrize(
    "series",
    [
        [],
        [Series("s", (), ())],
        [Series("s", (1,), (math.nan,))],
        [Series("s", (1,), (5,), "bars")],
    ],
)
def test_a_chart_without_data_still_draws_its_axes(series):
    page = page_of(Charts([Chart("empty", "x", "y", series)]))
    assert parsed(page).find(".//svg[@class='chart']") is not None


def test_only_several_curves_need_a_legend():
    one = Chart("c", "x", "y", [Series("only", (0, 1), (0, 1))])
    assert parsed(page_of(Charts([one]))).find(".//ul") is None
    legend = parsed(page_of(Charts([CHART]))).findall(".//ul[@class='legend']/li")
    assert len(legend) == 2


def test_the_page_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "report.html"
    write_report(path, [Section("a", [Text("ä ∞ τ")])], title="t")
    assert "ä ∞ τ" in path.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="cannot write"):
        write_report(tmp_path / "missing" / "report.html", [], title="t")
