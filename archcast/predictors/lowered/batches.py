"""Values of a batch that was read: by number, from codes, or in blocks on threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias

import numpy as np

from archcast.core import settings
from archcast.core.arrays import Codes, Floats
from archcast.core.errors import InputError
from archcast.featurize.spaces.catalog import LARGE, Reading
from archcast.featurize.spaces.networks import NetworkBatch
from archcast.predictors.lowered.forms import Form, SumForm

Parts: TypeAlias = Sequence[tuple[Form, tuple[int, ...]]]
"""Forms, each with the columns of the answer that its targets are."""


def values_of_batch(parts: Parts, batch: Reading | NetworkBatch) -> Floats:
    """Values of a batch, one column a target of all parts.

    Shapes:
        output: float32 (n, c)

    Raises:
        ParseError, InputError: as `archcast.parse`, of a large array.
    """
    form = parts[0][0]
    if len(parts) > 1:
        return _side_by_side(parts, batch)
    if isinstance(batch, NetworkBatch):
        return form.values(batch.networks)
    if batch.numbers is not None:
        table = form if isinstance(form, SumForm) else form.by_number
        if table is None or not table.is_table:
            return form.values(batch.parsed())
        return table.cost.row(batch.numbers)
    if not batch.checked:
        return _unchecked(form, batch)
    codes: Codes = batch.codes
    if len(codes) <= LARGE:
        return form.values(codes)
    return _in_blocks(form, len(codes), lambda rows: form.values(codes[rows]))


def _side_by_side(parts: Parts, batch: Reading | NetworkBatch) -> Floats:
    """Every form's values in its columns."""
    values = [values_of_batch((part,), batch) for part in parts]
    out = np.empty((len(values[0]), sum(len(columns) for _, columns in parts)), dtype=np.float32)
    for (_, columns), answers in zip(parts, values, strict=True):
        out[:, list(columns)] = answers
    return out


def _unchecked(form: Form, batch: Reading) -> Floats:
    """A large array, checked block by block instead of copied whole."""
    codes = batch.codes
    try:
        return _in_blocks(form, len(codes), lambda rows: form.values(batch.space.parse(codes[rows])))
    except InputError:
        batch.parsed()  # tells the item's place in the whole batch
        raise


def _in_blocks(form: Form, n: int, values: Callable[[slice], Floats]) -> Floats:
    """Blocks of rows one after another, or side by side where the form is arrays, which need no lock."""
    first = values(slice(0, form.rows))
    out = np.empty((n, first.shape[1]), dtype=np.float32)
    out[: form.rows] = first

    def work(share: int) -> None:
        for start in range((1 + share) * form.rows, n, threads * form.rows):
            out[start : start + form.rows] = values(slice(start, start + form.rows))

    threads = 1 if form.kind == "direct" else settings.threads()
    on_threads(work, threads)
    return out


def on_threads(work: Callable[[int], None], threads: int) -> None:
    """Call `work` with each number below `threads`, side by side."""
    if threads == 1:
        work(0)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))
