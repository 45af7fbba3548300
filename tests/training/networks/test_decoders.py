"""Decoders that are written down by their rule."""

import pytest

from archcast.core.errors import InputError
from archcast.training.networks.decoders import decoder_records

NAMES = ["s:e192|l2|h12.8|r2.3|b1", "l:e320|l1|h8|r4|b0", "s:e192|l2|h12.8|r2.3|b0"]


def test_each_decoder_is_a_record_that_knows_its_network():
    found = decoder_records([*NAMES, NAMES[0]], None)
    assert set(found) == set(NAMES)
    assert len({record[""].group for record in found.values()}) == 3
    large = found[NAMES[1]][""]
    assert (large.family, large.coarse) == ("decoders of width 320", "decoders of scale l")
    assert large.network.values["tokens"].shape == (1, 1024)
    assert found[NAMES[0]][""].network.values["tokens"].shape == (8, 1024)


def test_some_are_drawn_and_always_the_same():
    assert decoder_records(NAMES, 2) == decoder_records(NAMES[::-1], 2)
    assert len(decoder_records(NAMES, 2)) == 2


def test_another_notation_is_refused():
    with pytest.raises(InputError, match="must be written like"):
        decoder_records(["s:e192"], None)
