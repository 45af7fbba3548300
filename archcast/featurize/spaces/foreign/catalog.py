"""All forms that are told by what they look like; those of archcast's own spaces first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archcast.featurize.spaces.foreign import blocks, cells, once_for_all, transformers, unknown
from archcast.featurize.spaces.foreign.form import Foreign, Known, recognised

FORMS: tuple[Known, ...] = (
    *cells.FORMS,
    *blocks.FORMS,
    *once_for_all.FORMS,
    *transformers.FORMS,
    *unknown.FORMS,
)


def sentence_of(item: Any, own: Sequence[Foreign] = ()) -> str | None:
    """What an item looks like and what to do, in a sentence; None where it is of no known form.

    Args:
        own: notations of a space that is meant, looked at first.
    """
    return recognised(item, (*own, *FORMS))
