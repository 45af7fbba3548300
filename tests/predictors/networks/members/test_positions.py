"""Layers keep their names where layers before them are left out."""

import numpy as np

from archcast.predictors.networks.members.positions import Positions


def _sequence(*contents):
    return tuple((("layers", i), content) for i, content in enumerate(contents))


BASE = _sequence(1, 2, 3, 3, 4, 5)
VARIED = {
    (0, 0): _sequence(1, 2, 3, 4, 5),  # the second 3 is left out
    (1, 0): _sequence(1, 3, 3, 4, 5),
    (2, 0): _sequence(1, 2, 6, 6, 4, 5),  # another kind of 3
}


def _codes(*codes):
    return np.array(codes, dtype=np.int8)


def test_what_is_left_out_moves_no_names():
    places = Positions(BASE, VARIED)
    whole = places.named(BASE, _codes(1, 1, 1))
    assert whole == {("layers", i): content for i, content in enumerate((1, 2, 3, 3, 4, 5))}
    both = places.named(_sequence(1, 6, 4, 5), _codes(0, 0, 0))
    assert both == {("layers", 0): 1, ("layers", 2): 6, ("layers", 4): 4, ("layers", 5): 5}


def test_names_stay_as_they_are_where_nothing_moves():
    held = (("a", 0), 1), (("a", 2), 2), (("b",), 3)
    places = Positions(held, {(0, 0): held[1:]})
    assert places.named(held, _codes(1)) == dict(held)
    assert places.named(held[1:], _codes(0)) == dict(held[1:])


def test_a_sequence_that_decisions_do_not_explain_is_told_apart():
    places = Positions(BASE, VARIED)
    odd = places.named(_sequence(1, 2), _codes(1, 1, 1))
    assert not set(odd) & set(places.named(BASE, _codes(1, 1, 1)))
    assert sorted(odd.values()) == [1, 2]


def test_layers_within_layers_are_named_too():
    def nested(blocks):
        return tuple(
            ((i, "conv", j), content) for i, block in enumerate(blocks) for j, content in enumerate(block)
        )

    base = nested([[1, 2, 3], [4, 2, 3]])
    places = Positions(base, {(0, 0): nested([[4, 2, 3]]), (1, 0): nested([[1, 2, 3], [9, 3]])})
    named = places.named(nested([[9, 3]]), _codes(0, 0))
    assert set(named) < set(places.named(base, _codes(1, 1)))
    assert sorted(named.values()) == [3, 9]
    assert all(name[0] == 1 for name in named)
