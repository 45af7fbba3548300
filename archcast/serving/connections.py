"""Connections to one service, kept open between requests and shared between threads."""

from __future__ import annotations

import os
import ssl
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from archcast.core.errors import InputError, shorten

_KEPT = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Connections:
    """Idle connections to the service at `url`; each request has one for itself."""

    def __init__(self, url: str, token: str | None) -> None:
        parts = urllib.parse.urlsplit(url) if isinstance(url, str) else None
        if parts is None or parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise InputError(f"url must be an address such as http://127.0.0.1:8080, got {shorten(url)}")
        try:
            self._port = parts.port
        except ValueError:
            raise InputError(f"url must have a port of 0 to 65535, got {shorten(url)}") from None
        if token is not None and not (isinstance(token, str) and token.isascii() and token.isprintable()):
            raise InputError("token must be printable ASCII text")
        self.url = url.rstrip("/")
        self._host, self._prefix = parts.hostname, parts.path.rstrip("/")
        self._secure = parts.scheme == "https"
        self._headers = {"Accept": "application/json"} | (
            {"Authorization": f"Bearer {token}"} if token else {}
        )
        self._idle: list[HTTPConnection] = []
        self._process = os.getpid()

    def ask(
        self, method: str, path: str, body: bytes | None, query: Mapping[str, str], *, timeout: float
    ) -> Reply:
        """Send a request and read the whole answer.

        A connection that the service has closed meanwhile is replaced once; nothing was answered on it.

        Raises:
            OSError, HTTPException: no whole answer came in time.
        """
        target = self._prefix + path + ("?" + urllib.parse.urlencode(query) if query else "")
        connection = self._taken()
        if connection is not None:
            try:
                return self._asked(connection, method, target, body, timeout)
            except TimeoutError:
                raise
            except (OSError, HTTPException):
                pass
        return self._asked(self._made(timeout), method, target, body, timeout)

    def close(self) -> None:
        """Close what is idle."""
        while (connection := self._taken()) is not None:
            connection.close()

    def _asked(
        self, connection: HTTPConnection, method: str, target: str, body: bytes | None, timeout: float
    ) -> Reply:
        headers = self._headers | ({} if body is None else {"Content-Type": "application/json"})
        try:
            connection.timeout = timeout
            if connection.sock is not None:
                connection.sock.settimeout(timeout)
            connection.request(method, target, body=body, headers=headers)
            response = connection.getresponse()
            reply = Reply(
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                response.read(),
            )
        except BaseException:
            connection.close()
            raise
        if response.will_close or len(self._idle) >= _KEPT:
            connection.close()
        else:
            self._idle.append(connection)
        return reply

    def _taken(self) -> HTTPConnection | None:
        """An idle connection; after a fork those of the parent are left alone."""
        if self._process != os.getpid():
            self._idle, self._process = [], os.getpid()
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _made(self, timeout: float) -> HTTPConnection:
        if self._secure:
            context = ssl.create_default_context()
            return HTTPSConnection(self._host, self._port, timeout=timeout, context=context)
        return HTTPConnection(self._host, self._port, timeout=timeout)
