"""Networks shared among boards of one device."""

from __future__ import annotations

import threading

from archcast.collect.measure.sharing import Item, Share


def items(n: int, owner: str | None = None) -> list[Item]:
    return [Item(f"net{i}", owner) for i in range(n)]


def texts(taken: list[Item]) -> list[str]:
    return [item.text for item in taken]


def test_boards_take_fair_parts_and_blocks_at_most() -> None:
    share = Share(items(10), ["a", "b"], block=4)
    assert texts(share.take("a")) == ["net0", "net1", "net2", "net3"]
    assert texts(share.take("b")) == ["net4", "net5", "net6"]
    assert len(share.undone()) == 10


def test_what_a_lost_board_has_not_done_goes_to_another() -> None:
    share = Share(items(2), ["a", "b"], block=2)
    share.take("a")
    (second,) = share.take("b")
    share.done("b", second.text)
    got: list[list[Item]] = []
    waiting = threading.Thread(target=lambda: got.append(share.take("b")))
    waiting.start()
    share.leave("a")
    waiting.join(10)
    assert texts(got[0]) == ["net0"]
    share.done("b", "net0")
    assert share.take("b") == []
    assert share.undone() == []


def test_the_last_board_leaves_its_networks_undone() -> None:
    share = Share(items(3), ["a"], block=2)
    share.take("a")
    share.done("a", "net1")
    share.leave("a")
    assert sorted(share.undone()) == ["net0", "net2"]


def test_a_network_with_an_owner_waits_for_it_alone() -> None:
    share = Share([Item("begun", "b"), Item("fresh")], ["a", "b"], block=5)
    assert texts(share.take("a")) == ["fresh"]
    share.done("a", "fresh")
    assert texts(share.take("b")) == ["begun"]
    share.leave("b")
    assert share.take("a") == []
    assert share.undone() == ["begun"]


def test_a_board_is_offered_what_it_has_begun_and_last_what_another_has() -> None:
    begun = [Item("net0", begun="b"), Item("net1"), Item("net2", begun="a")]
    share = Share(begun, ["a"], block=1)
    assert [texts(share.take("a")) for _ in range(3)] == [["net2"], ["net1"], ["net0"]]
