"""The web server of `ddff view`: viser, let listen only to this page of this host.

viser itself checks neither who opens its socket nor whether a page of another site does, and a page
may ask it for a tunnel to the internet; both are closed here.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import logging
import socket
import threading
import urllib.parse
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from ..types import InputError

if TYPE_CHECKING:
    import viser

MISSING = (
    "`ddff view` needs the Python package viser: pip install -r requirements/view.txt, or "
    "`make setup-view`"
)


def start_server(host: str, port: int) -> viser.ViserServer:
    """A server of an empty page on `host`, at `port` or, with 0, any that is free.

    Raises InputError where viser is not installed or nothing can listen there.
    """
    try:
        import viser
        import websockets.asyncio.server as web
    except ImportError as error:
        raise InputError(MISSING) from error
    _check(host, port)
    # A browser that leaves early is no event to log with a traceback.
    logging.getLogger("websockets").setLevel(logging.CRITICAL)

    class PageServer(viser.ViserServer):
        """Never asks another host to make the page public."""

        def request_share_url(self, verbose: bool = True) -> str | None:
            return None

    serve, own = web.serve, (host, socket.gethostname())

    def guarded(*arguments: Any, process_request: Any, **rest: Any) -> Any:
        def checked(connection: Any, request: Any) -> Any:
            headers = request.headers
            if not trusted(headers.get("Host", ""), headers.get("Origin"), own):
                return connection.respond(HTTPStatus.FORBIDDEN, "this page is not for other sites")
            return process_request(connection, request)

        return serve(*arguments, process_request=checked, **rest)

    # The one place where viser takes what listens; it has no argument for it.
    web.serve = guarded
    try:
        with silent():
            return PageServer(host, port, verbose=False)
    finally:
        web.serve = serve


def address(host: str, port: int) -> str:
    """Of the page, as a browser takes it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def trusted(host: str, origin: str | None, own: Sequence[str]) -> bool:
    """Whether a request comes from a page of this server: `host` is its Host header, `origin` its
    Origin (None where it has none, which a browser's socket always has).

    A host that is a name is believed only where it is one of this machine's `own`: a name of a
    stranger may lead here as well (DNS rebinding).
    """
    name = (urllib.parse.urlsplit(f"//{host}").hostname or "").lower()
    known = {"localhost", *(n.lower() for n in own), *(f"{n.lower()}.local" for n in own)}
    if name not in known:
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
    return origin is None or origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """What viser prints of itself is not shown."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def stop_server(server: viser.ViserServer, patience_s: float = 2.0) -> None:
    """Ends it; a thread of viser's that does not end is left behind."""
    with silent():
        ending = threading.Thread(target=server.stop, daemon=True)
        ending.start()
        ending.join(patience_s)


def _check(host: str, port: int) -> None:
    """By itself viser would try a thousand other ports, and then wait for ever."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(
            f"cannot listen on {host}:{port} ({reason}): choose another --host or --port"
        ) from error
