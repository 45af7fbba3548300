"""Networks that were read before, by their keys: the documents of those asked for last."""

from __future__ import annotations

from collections import OrderedDict

from archcast.core.errors import UnknownNameError, shorten


class KnownNetworks:
    """Documents of networks, the one asked for longest ago first.

    Args:
        most: networks that are kept; most_bytes: of all their documents.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._documents: OrderedDict[str, bytes] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._documents)

    def keep(self, key: str, document: bytes) -> None:
        """Keep a network in place of those asked for longest ago."""
        self.forget(key)
        self._documents[key] = document
        self.bytes += len(document)
        while len(self._documents) > self._most or self.bytes > self._most_bytes:
            self.forget(next(iter(self._documents)))

    def document(self, key: str) -> bytes:
        """The document of a network.

        Raises:
            UnknownNetworkError: it is not known, or no longer.
        """
        if key not in self._documents:
            raise UnknownNetworkError(key)
        self._documents.move_to_end(key)
        return self._documents[key]

    def forget(self, key: str) -> None:
        """Keep it no longer; nothing where it is not kept."""
        self.bytes -= len(self._documents.pop(key, b""))


class UnknownNetworkError(UnknownNameError):
    """No network of that key is known."""

    def __init__(self, key: str) -> None:
        super().__init__("network", key, ())
        self.args = (f"network {shorten(key)} is not known here, or no longer: send its file again",)

    def __reduce__(self) -> tuple[type[UnknownNetworkError], tuple[object]]:
        return type(self), (self.name,)
