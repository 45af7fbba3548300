"""Strides, beside what torch does."""

from __future__ import annotations

import random

import pytest
import torch

from archcast.featurize.launches.strides import (
    channels_last,
    contiguous,
    dense_like,
    distinct,
    is_channels_last,
    is_contiguous,
    viewed,
)


def _array(draw):
    dims = tuple(draw.choice([1, 2, 3, 4, 6]) for _ in range(draw.randint(1, 5)))
    order = list(range(len(dims)))
    draw.shuffle(order)
    array = torch.empty(dims).permute(order)
    return array[..., : max(1, array.shape[-1] // 2)] if draw.random() < 0.3 else array


def _shape(draw, elements):
    sides = []
    while elements > 1 and draw.random() < 0.8:
        sides.append(draw.choice([d for d in range(1, elements + 1) if elements % d == 0]))
        elements //= sides[-1]
    return (*sides, elements)


def _alike(dims, one, other):
    return all(a == b for d, a, b in zip(dims, one, other, strict=True) if d != 1)


@pytest.mark.parametrize("seed", range(300))
def test_a_view_has_torchs_strides_or_is_none(seed):
    draw = random.Random(seed)
    array = _array(draw)
    wanted = _shape(draw, array.numel())
    try:
        expected = array.view(wanted).stride()
    except RuntimeError:
        expected = None
    made = viewed(tuple(array.shape), tuple(array.stride()), wanted)
    assert (made is None) == (expected is None)
    assert expected is None or _alike(wanted, made, expected)
    assert is_contiguous(tuple(array.shape), tuple(array.stride())) == array.is_contiguous()


def test_results_element_by_element_lie_as_their_operand():
    array = torch.empty(2, 5, 3, 4).permute(0, 3, 1, 2)
    assert dense_like(tuple(array.shape), tuple(array.stride())) == (array + 1).stride()
    wide = array.expand(2, 4, 5, 3)
    assert dense_like(tuple(wide.shape), tuple(wide.stride())) == (wide + 1).stride()


def test_channels_may_stand_side_by_side():
    array = torch.empty(2, 3, 4, 5).to(memory_format=torch.channels_last)
    assert channels_last((2, 3, 4, 5)) == array.stride()
    assert is_channels_last((2, 3, 4, 5), array.stride())
    assert not is_channels_last((2, 3, 4, 5), contiguous((2, 3, 4, 5)))


def test_repeated_elements_are_counted_once():
    assert distinct((4, 3), (0, 1)) == 3
