"""The parts of a bulk scoring as tasks of Ray Data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from archcast.core.errors import InputError
from archcast.core.optional import require
from archcast.serving.scale.job import Job
from archcast.serving.scale.part import score_part

_PURPOSE = "scoring with Ray"


def score_with_ray(
    job: Job, missing: Sequence[int], one_more: Callable[[], None], *, address: str | None = None
) -> None:
    """Make the missing parts, each by one task of one processor.

    A task whose worker dies is run again by Ray, here or on another machine; as a part is in place whole or
    not at all, it is there once however often it was tried. Every machine must see the source's file and
    the folder under the same path, and have the predictor.

    Args:
        one_more: called for each part that is there.

    Raises:
        InputError: what a worker met; the item is the row in the whole source.
    """
    if not missing:
        return
    ray = require("ray", extra="scale", purpose=_PURPOSE)
    data = require("ray.data", extra="scale", purpose=_PURPOSE)
    with _connected(ray, address), _quiet():
        numbers = [{"part": number} for number in missing]
        done = data.from_items(numbers, override_num_blocks=len(numbers)).map_batches(
            partial(_work, job), batch_size=None, num_cpus=1
        )
        for row in done.iter_rows():
            if row["error"]:
                raise InputError(row["error"], item=None if row["item"] < 0 else row["item"])
            one_more()


def _work(job: Job, batch: dict[str, Any]) -> dict[str, Any]:
    """Make a batch of parts; a mistake of the user's is told as a row, as Ray keeps only an error's text."""
    errors, items = [], []
    for number in batch["part"]:
        error, item = "", None
        try:
            score_part(job, int(number), threads=False)
        except InputError as mistake:
            item = mistake.item
            error = str(mistake).removesuffix(f" (item {item})")
        errors.append(error)
        items.append(-1 if item is None else item)
    return {"part": batch["part"], "error": np.array(errors), "item": np.array(items)}


@contextmanager
def _connected(ray: Any, address: str | None) -> Iterator[None]:
    """A connection to Ray, ended here only where it was made here."""
    if ray.is_initialized():
        yield
        return
    here = {"include_dashboard": False} if address is None else {"address": address}
    ray.init(logging_level="ERROR", log_to_driver=False, **here)
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what Ray Data says of its plans; progress is told part by part."""
    log = logging.getLogger("ray.data")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
