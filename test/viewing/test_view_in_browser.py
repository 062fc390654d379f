"""The page as a browser has it: pictures and a cloud that are there, nothing from elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("viser", reason="viser is not installed: make setup-view")

from browser import Browser, program
from viewed_bags import viewed_bag

from ddff_perception.viewing.page import PERIOD_S, Page
from ddff_perception.viewing.recording import Recording
from ddff_perception.viewing.server import start_server, stop_server

pytestmark = [
    pytest.mark.skipif(program() is None, reason="there is no Chromium: apt install chromium"),
    pytest.mark.timeout(900),
]


@contextmanager
def shown(source) -> Iterator[str]:
    """The address of a page that shows `source`, alive in a thread."""
    server = start_server("127.0.0.1", 0)
    page, ended, failures = Page(server, source), threading.Event(), []

    def live() -> None:
        try:
            while not ended.is_set():
                source.wait(PERIOD_S)
                page.tick()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=live, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.get_port()}"
    finally:
        ended.set()
        thread.join(30)
        stop_server(server)
        source.close()
    assert failures == []


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    with Browser(tmp_path / "profile") as opened:
        yield opened


def count(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels of about this blue, green, red."""
    return int((np.abs(picture.astype(int) - colour).max(axis=2) < 40).sum())


RED, GREEN = (0, 0, 220), (0, 160, 0)


def magenta(picture: np.ndarray) -> int:
    """Pixels of the cloud, however it is lit: nothing else on the page is of its hue."""
    blue, green, red = np.moveaxis(picture.astype(int), -1, 0)
    return int((np.minimum(blue, red) - green > 60).sum())


def test_a_bag_is_seen_and_nothing_is_asked_of_anybody_else(
    browser: Browser, tmp_path: Path
) -> None:
    recording = Recording(viewed_bag(tmp_path / "bag"))
    with shown(recording) as address:
        browser.open(address)
        browser.wait_for(lambda: "8% unknown" in browser.text(), "the depth")
        for colour in (RED, GREEN):
            browser.wait_for(lambda c=colour: count(browser.picture(), c) > 3000, f"{colour}")
        browser.wait_for(lambda: magenta(browser.picture()) > 3000, "the cloud")
        text = browser.text()
        for words in (
            "depth/image_rect [m]",
            "160 × 120, 32FC1; 0.5 .. 2 m, 8% unknown",
            "mean 0.70",
            "4,400 of 4,800 points, 0.5 .. 1.99 m, in camera_optical_frame",
            "focused at",
            "/demo/depth_from_focus: stream",
            "<b>no tag</b>",
        ):
            assert words in text, words
        assert recording._followed
        asked = [a for a in browser.requests if not a.startswith(("data:", "blob:"))]
        assert {urlsplit(address).scheme for address in asked} == {"http", "ws"}
        elsewhere = [a for a in asked if urlsplit(a).hostname != "127.0.0.1"]
        assert elsewhere == []
        browser.resize(390, 844)
        browser.wait_for(lambda: "Pictures" in browser.text(), "the page of a telephone")
        assert browser.run("document.documentElement.scrollWidth") <= 390
        browser.close()
        until = time.monotonic() + 60.0
        while recording._followed:
            assert time.monotonic() < until, "nobody looks, and the bag is read"
            time.sleep(0.05)


@pytest.mark.ros
def test_a_parameter_is_set_by_hand_and_what_is_refused_is_read(browser: Browser, ros) -> None:
    from rclpy.parameter import Parameter

    from ddff_perception.depth_from_focus.node import DepthFromFocusNode
    from ddff_perception.viewing.live_node import LiveNode

    given = [Parameter("diagnostics_period_s", value=0.5)]
    node = ros.add(DepthFromFocusNode(parameter_overrides=given))
    assert node.start()

    def type_into(label: str, value: str) -> None:
        place = browser.run(
            "(() => { const all = [...document.querySelectorAll('label')];"
            f"let e = all.find(l => l.innerText.trim() === '{label}');"
            "while (!e.querySelector('input')) e = e.parentElement;"
            "const i = e.querySelector('input'); i.scrollIntoView({block: 'center'});"
            "i.focus(); i.select(); return i.value; })()"
        )
        assert place is not None
        browser.type(value)
        browser.key("Enter")

    with shown(LiveNode()) as address:
        browser.open(address)
        browser.wait_for(lambda: "nothing has come yet" in browser.text(), "the diagnostics")
        browser.click("Parameters")
        browser.wait_for(lambda: "minimum_slices" in browser.text(), "the parameters")
        type_into("minimum_slices", "6")
        browser.wait_for(lambda: "minimum_slices is 6 now" in browser.text(), "the answer")
        assert node.get_parameter("minimum_slices").value == 6
        type_into("minimum_slices", "1")
        browser.wait_for(lambda: "out of range" in browser.text(), "why it is refused")
        assert node.get_parameter("minimum_slices").value == 6
