"""Estimators whose costs add over layers: each distinct piece of work is priced once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace

from archcast.collect.estimate.base import Estimator, LayerCost, LayerEstimate, NetworkEstimate, add_costs
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.work import Work, works_of
from archcast.core.network import Network

Report = Callable[[int, int], None]
"""Called with the number done and the number to do."""


class LayerwiseEstimator(Estimator):
    """An estimator that prices work piece by piece; a subclass says what one piece costs."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self._known: dict[Work, LayerCost] = {}

    @abstractmethod
    def price_one(self, work: Work) -> LayerCost:
        """Cost of one piece of work; raise InputError where it cannot be estimated."""

    def price(self, works: Iterable[Work], report: Report | None = None) -> dict[Work, LayerCost]:
        """Cost of each distinct piece of work; what is on disk is not estimated again."""
        wanted = list(dict.fromkeys(works))
        missing = [work for work in wanted if work not in self._known]
        if self.cache is not None and missing:
            found = self.cache.get(map(work_key, missing))
            self._known |= {work: found[work_key(work)] for work in missing if work_key(work) in found}
            missing = [work for work in missing if work not in self._known]
        for done, work in enumerate(missing):
            if report is not None:
                report(done, len(missing))
            cost = self.price_one(work)
            if self.cache is not None:
                self.cache.put(work_key(work), cost)
            self._known[work] = cost
        return {work: self._known[work] for work in wanted}

    def estimate(self, network: Network) -> NetworkEstimate:
        """Cost of a network: the sum over its nodes.

        Raises:
            InputError: an operator has no price; names it.
        """
        listed = works_of(network, self.target.conventions, self.target.name)
        prices = self.price(work for at in listed for work in at.works)
        layers = []
        for at in listed:
            cost = add_costs([prices[work] for work in at.works])
            note = "; ".join(text for text in (cost.note, at.why) if text)
            layers.append(LayerEstimate(at.position, at.node.op, at.node.part, replace(cost, note=note)))
        priced = [prices[work] for at in listed for work in at.works]
        return NetworkEstimate(self.target.label, add_costs(priced), tuple(layers), self.area)


def work_key(work: Work) -> str:
    """One line of text for a piece of work, e.g. `conv 16x32x32 16x32x32 k3x3 s1 g1 p1`."""
    read, written, kernel = (
        "x".join(map(str, size)) for size in (work.shape_in, work.shape_out, work.kernel)
    )
    apart = f" d{work.dilation}" if work.dilation > 1 else ""
    return f"{work.kind} {read} {written} k{kernel} s{work.stride} g{work.groups} p{work.padding}{apart}"
