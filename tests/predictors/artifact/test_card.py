import json
from dataclasses import fields

import pytest

from archcast.predictors import Card

FULL = Card(
    title="latency of macro on board (lookup)",
    sources=("one", "two"),
    licences=("MIT",),
    rows=80,
    held_out_rows=20,
    quality={"board/cifar10": {"spearman": 0.9, "rows": 20.0}},
    ranges={"board/cifar10": (1.0, 2.5)},
    split="20% held out",
    teacher="lookup",
    teacher_sha256="ab" * 32,
    goes_with=("cd" * 32,),
    agreement={"spearman": 0.9995, "rows": 20000.0},
    created="2025-01-02",
    version="0.1.0",
    registered="macro.latency.board v2",
)


@pytest.mark.parametrize("card", [FULL, Card("bare")], ids=["full", "bare"])
def test_comes_back_from_json(card):
    assert Card.from_json(json.loads(json.dumps(card.to_json()))) == card
    assert list(card.to_json()) == [field.name for field in fields(Card)]


def test_the_full_card_leaves_nothing_at_its_default():
    bare = Card("bare")
    assert all(getattr(FULL, f.name) != getattr(bare, f.name) for f in fields(Card))


def test_older_cards_lack_fields():
    assert Card.from_json({"title": "old"}) == Card("old")


def test_unknown_fields_are_refused():
    with pytest.raises(KeyError, match="card has an unknown field 'colour'"):
        Card.from_json({"title": "x", "colour": "red"})


@pytest.mark.parametrize(
    "found", [{}, {"title": "x", "ranges": {"a": 1}}, {"title": "x", "ranges": {"a": [1, 2, 3]}}]
)
def test_what_is_no_card_is_refused(found):
    with pytest.raises((TypeError, ValueError)):
        Card.from_json(found)


def test_cards_cannot_be_changed():
    with pytest.raises(AttributeError):
        FULL.rows = 0
