"""Where networks are answered for: files go to a worker, keys with what is known of them."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from archcast.core.errors import shorten
from archcast.serving.frames import Frame
from archcast.serving.http import fields
from archcast.serving.http.admission import AdmittedRequest, Sent
from archcast.serving.http.errors import LostError, MalformedError, TooSlowError
from archcast.serving.http.networks.known import KnownNetworks
from archcast.serving.http.networks.pool import Pool
from archcast.serving.http.networks.question import FIELDS
from archcast.serving.http.settings import ServeSettings
from archcast.serving.http.statuses import JSON_TYPE

log = logging.getLogger("archcast.serve")
NETWORK = "network"
"""Key of the bodies that ask for a network that is known."""
KNOWN_FIELDS = (NETWORK, *FIELDS)
_OK, _FAULT = 200, 500


class NetworkDesk:
    """Answers for networks, for one event loop.

    Attributes:
        known: networks that were read.
        pool: the workers.
        counts: networks asked for, by how it went: `read`, `known`, `refused`, `late`, `lost`.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.known = KnownNetworks(settings.known_networks, settings.known_bytes)
        self.pool = Pool(
            settings.network_workers,
            memory_bytes=settings.network_memory_bytes,
            work_s=settings.network_deadline_ms / 1000,
        )
        self.counts: Counter[str] = Counter()

    async def answer_file(self, sent: Sent) -> Response:
        """The answer to a form with a file; raises as `Pool.ask`."""
        head = {"kind": "file", "content_type": sent.content_type}
        reply = await self._ask(head, sent.parts, sent.deadline, of_file=True)
        if "key" in reply.head:
            self.known.keep(reply.head["key"], reply.parts[1])
        return self._told(reply, "read")

    async def answer_known(self, body: Mapping[str, Any], asked: AdmittedRequest) -> Response:
        """The answer for a network that is known.

        Args:
            found: the fields of the body.

        Raises:
            MalformedError: a field is not known, or the key is no text.
            UnknownNetworkError: the network is not known.
            ArchcastError: as `Pool.ask`.
        """
        fields.only(body, KNOWN_FIELDS, "a body with the key of a network")
        key = body[NETWORK]
        if not isinstance(key, str):
            raise MalformedError(f"network must be the key of a network, got {shorten(key)}")
        document = self.known.document(key)
        asked.leave()
        head = {"kind": "known", "key": key, "asked": dict(body)}
        try:
            reply = await self._ask(head, [document], asked.network_deadline, of_file=False)
        except LostError:
            self.known.forget(key)
            raise
        return self._told(reply, "known")

    async def close(self) -> None:
        """End the workers."""
        await self.pool.close()

    async def _ask(
        self, head: Mapping[str, object], parts: Sequence[bytes], deadline: float, *, of_file: bool
    ) -> Frame:
        try:
            return await self.pool.ask(head, parts, deadline=deadline, of_file=of_file)
        except TooSlowError:
            self.counts["late"] += 1
            raise
        except LostError:
            self.counts["lost"] += 1
            raise

    def _told(self, reply: Frame, how: str) -> Response:
        status = int(reply.head["status"])
        self.counts[how if status == _OK else "refused"] += 1
        if status >= _FAULT:
            log.error(
                "a network could not be answered for: %s", reply.head.get("trace", reply.parts[0][:500])
            )
        return Response(reply.parts[0], status, media_type=JSON_TYPE)
