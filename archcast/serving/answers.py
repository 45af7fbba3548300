"""Values of a batch in any notation from a served form: by number, from codes, or in blocks on threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from archcast.core import settings
from archcast.core.arrays import ArchBatch, Codes, Floats
from archcast.core.errors import InputError
from archcast.featurize.spaces import Space
from archcast.featurize.spaces.checks import is_codes
from archcast.predictors.lowered import Form

LARGE = 65_536
"""Batches above this size are answered in blocks, so that memory stays that of input and answers."""


def answers(form: Form, space: Space, batch: ArchBatch) -> Floats:
    """Values of a batch of `space`, one column a target of the form.

    Shapes:
        output: float32 (n, c)

    Raises:
        InputError: as `archcast.parse`.
    """
    if is_codes(batch):
        codes = np.asarray(batch)
        return form.values(space.parse(codes)) if len(codes) <= LARGE else _large(form, space, codes)
    table = form.by_number
    if table is not None and isinstance(batch, list | tuple) and batch:
        numbers = space.numbers_of(batch)
        if numbers is not None:
            return table.at(numbers)
    return values_of_codes(form, space.parse(batch))


def values_of_codes(form: Form, codes: Codes) -> Floats:
    """Values of codes that the space's `parse` gave, one column a target.

    Shapes:
        codes: (n, k); output: float32 (n, c)
    """
    if len(codes) <= LARGE:
        return form.values(codes)
    return _in_blocks(form, len(codes), lambda rows: form.values(codes[rows]))


def _large(form: Form, space: Space, codes: np.ndarray) -> Floats:
    """A large array, checked block by block instead of copied whole."""
    try:
        return _in_blocks(form, len(codes), lambda rows: form.values(space.parse(codes[rows])))
    except InputError:
        space.parse(codes)  # tells the item's place in the whole batch
        raise


def _in_blocks(form: Form, n: int, values: Callable[[slice], Floats]) -> Floats:
    """Blocks of rows one after another, or side by side where the form is arrays, which need no lock."""
    first = values(slice(0, form.rows))
    out = np.empty((n, first.shape[1]), dtype=np.float32)
    out[: form.rows] = first

    def work(share: int) -> None:
        for start in range((1 + share) * form.rows, n, threads * form.rows):
            out[start : start + form.rows] = values(slice(start, start + form.rows))

    threads = 1 if form.kind == "itself" else settings.threads()
    if threads == 1:
        work(0)
        return out
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return out
