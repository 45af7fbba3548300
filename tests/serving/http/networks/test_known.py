"""Documents of networks that are known."""

import pytest

from archcast.serving.http.networks.known import KnownNetworks, UnknownNetworkError


def test_those_asked_for_longest_ago_go_first() -> None:
    known = KnownNetworks(2, 100)
    known.keep("a", b"1")
    known.keep("b", b"22")
    assert known.document("a") == b"1"
    known.keep("c", b"333")
    assert (len(known), known.bytes) == (2, 4)
    with pytest.raises(UnknownNetworkError, match="network 'b' is not known here, or no longer"):
        known.document("b")


def test_they_go_by_their_bytes_too() -> None:
    known = KnownNetworks(10, 5)
    for key in "abc":
        known.keep(key, b"22")
    known.keep("c", b"333")
    assert (len(known), known.bytes) == (2, 5)
    known.keep("d", b"666666")
    assert (len(known), known.bytes) == (0, 0)
    known.forget("d")
    assert known.bytes == 0
