"""The work of many networks at once: each network is a sum of terms, and terms repeat.

| symbol | meaning |
|---|---|
| n | networks |
| T | terms of a network |
| F | forms that a term takes |
| W | distinct pieces of work |

What the terms are, the space says (`Space.summands`); one may take work away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from archcast.collect.estimate.kernel_works import kernel_works
from archcast.collect.estimate.work import Work
from archcast.core.arrays import Codes, Doubles, Ints
from archcast.core.network import Network
from archcast.featurize.spaces.base import Space


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of n networks.

    Attributes:
        works: the W distinct pieces of work.
        names: the T terms' names, empty where they are no parts of the network.
        counts: one (F, W) array a term: how often each form has each piece of work.
        forms: (n, T): the form that each network's term takes.
    """

    works: tuple[Work, ...]
    names: tuple[str, ...]
    counts: tuple[Doubles, ...]
    forms: Ints

    def total(self, prices: Doubles) -> Doubles:
        """Costs of the networks.

        Shapes:
            prices: (W, Q); output: (n, Q)
        """
        total = np.zeros((len(self.forms), prices.shape[1]))
        for counts, forms in zip(self.counts, self.forms.T, strict=True):
            total += (counts @ prices)[forms]
        return total


def terms_of(
    space: Space,
    codes: Codes,
    dataset: str,
    conventions: Mapping[str, str],
    target: str,
    *,
    live: bool = False,
) -> Terms:
    """Terms of networks on a target's conventions; only forms that occur are built.

    Args:
        live: leave out operators on no path from input to output.

    Raises:
        InputError: the space has no network, or an operator has no convention.
    """

    def count(network: Network) -> Counter[Work]:
        counts: Counter[Work] = Counter()
        for at in kernel_works(network, conventions, refused_by=target):
            for work, times in at.works:
                counts[work] += times
        return counts

    names, tables, forms = [], [], []
    for summand in space.summands(codes, dataset, live=live):
        table = [count(network) for network in summand.networks]
        if summand.less is not None:
            frame = count(summand.less)
            for added in table:
                added.subtract(frame)
        names.append(summand.name)
        tables.append(table)
        forms.append(summand.forms)
    return _terms(tuple(names), tables, np.stack(forms, axis=1))


def _terms(names: tuple[str, ...], tables: list[list[Counter[Work]]], forms: Ints) -> Terms:
    works = tuple(dict.fromkeys(work for table in tables for form in table for work in form))
    place = {work: i for i, work in enumerate(works)}
    counts = []
    for table in tables:
        filled = np.zeros((len(table), len(works)))
        for row, form in enumerate(table):
            for work, times in form.items():
                filled[row, place[work]] = times
        counts.append(filled)
    return Terms(works, names, tuple(counts), forms)
