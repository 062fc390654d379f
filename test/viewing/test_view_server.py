"""Who may use the page, and what `ddff view` says where it cannot."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from viewed_bags import viewed_bag

from ddff_perception.viewing.server import start_server, stop_server, trusted

OWN = ("robot", "arm.lan")


@pytest.mark.parametrize(
    ("host", "origin", "believed"),
    [
        ("127.0.0.1:8080", None, True),
        ("127.0.0.1:8080", "http://127.0.0.1:8080", True),
        ("localhost:8080", "http://localhost:8080", True),
        ("[::1]:8080", "http://[::1]:8080", True),
        ("192.168.1.7:8080", "http://192.168.1.7:8080", True),
        ("Robot:8080", "http://robot:8080", True),
        ("robot.local:8080", "http://robot.local:8080", True),
        ("arm.lan:8080", "http://arm.lan:8080", True),
        # A page of another site, and a name of another site that leads here.
        ("127.0.0.1:8080", "http://evil.example", False),
        ("127.0.0.1:8080", "http://127.0.0.1:9999", False),
        ("127.0.0.1:8080", "null", False),
        ("evil.example:8080", "http://evil.example:8080", False),
        ("evil.example:8080", None, False),
        ("", None, False),
        ("robot.evil.example", None, False),
    ],
)
def test_only_this_page_of_this_host_is_believed(
    host: str, origin: str | None, believed: bool
) -> None:
    assert trusted(host, origin, OWN) is believed


@pytest.fixture
def server() -> Iterator[Any]:
    pytest.importorskip("viser", reason="viser is not installed: make setup-view")
    made = start_server("127.0.0.1", 0)
    yield made
    stop_server(made)


def asked(port: int, host: str, *lines: str) -> str:
    """The first line of the answer to a request of `host`."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        request = ["GET / HTTP/1.1", f"Host: {host}", *lines, "", ""]
        connection.sendall("\r\n".join(request).encode())
        return connection.makefile("rb").readline().decode().strip()


UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


def test_a_page_of_another_site_gets_neither_page_nor_socket(server: Any) -> None:
    port = server.get_port()
    own = f"127.0.0.1:{port}"
    assert asked(port, own) == "HTTP/1.1 200 OK"
    assert asked(port, "evil.example") == "HTTP/1.1 403 Forbidden"
    assert asked(port, own, *UPGRADE, f"Origin: http://{own}").startswith("HTTP/1.1 101")
    assert asked(port, own, *UPGRADE, "Origin: http://evil.example") == "HTTP/1.1 403 Forbidden"
    assert asked(port, "evil.example", *UPGRADE).startswith("HTTP/1.1 403")


def test_nothing_listens_beyond_loopback_and_no_tunnel_is_made(server: Any) -> None:
    sockets = server._websock_server
    assert sockets._host == "127.0.0.1"
    with mock.patch("viser._viser.ViserTunnel") as tunnel:
        assert server.request_share_url() is None
    assert not tunnel.called


def test_view_without_viser_says_how_to_install_it(refused: Any, tmp_path: Path) -> None:
    bag = viewed_bag(tmp_path / "bag", 1)
    with mock.patch.dict(sys.modules, {"viser": None}):
        said = refused("view", bag)
    assert "pip install -r requirements/view.txt" in said


def test_view_of_a_port_that_is_taken_is_one_sentence(refused: Any, tmp_path: Path) -> None:
    pytest.importorskip("viser", reason="viser is not installed: make setup-view")
    bag = viewed_bag(tmp_path / "bag", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1:{port}" in refused("view", bag, "--port", port)
    assert "cannot listen on 203.0.113.1:8080" in refused("view", bag, "--host", "203.0.113.1")


def test_view_of_what_holds_no_bag_is_one_sentence(refused: Any, tmp_path: Path) -> None:
    assert "there is no bag" in refused("view", tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    assert "is no bag and holds none" in refused("view", tmp_path / "folder")
    (tmp_path / "text.mcap").write_text("no bag")
    assert "is not a readable rosbag2 recording" in refused("view", tmp_path / "text.mcap")
    assert "holds no message" in refused("view", viewed_bag(tmp_path / "empty", 0))


def test_view_finds_the_bag_of_results_and_prints_the_address(
    accepted: Any, tmp_path: Path
) -> None:
    pytest.importorskip("viser", reason="viser is not installed: make setup-view")
    viewed_bag(tmp_path / "demo" / "bag", 2)
    outcome = accepted("view", tmp_path / "demo", "--port", 0, "--seconds", 0.3)
    assert outcome.output.startswith("open http://127.0.0.1:")
    assert "viser" not in outcome.output + outcome.errors
