"""Estimators whose costs add over layers: each distinct piece of work is priced once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from archcast.collect.estimate.base import Estimator, LayerCost, LayerEstimate, NetworkEstimate, add_costs
from archcast.collect.estimate.kernel_works import kernel_works
from archcast.collect.estimate.target import Target
from archcast.collect.estimate.work import Work
from archcast.core.network import Network
from archcast.featurize.kernels import Kernel

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
            known = self.cache.get(map(work_key, missing))
            self._known |= {work: known[work_key(work)] for work in missing if work_key(work) in known}
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
        """Cost of a network: the sum over its kernels.

        Raises:
            InputError: an operator has no price; names it.
        """
        return self.joined(self.kernel_costs(network, strict=True))

    def kernel_costs(
        self, network: Network, report: Report | None = None, *, strict: bool = False
    ) -> list[tuple[Kernel, LayerCost]]:
        """Cost of each kernel.

        Args:
            strict: refuse what the target's conventions do not name, in place of pricing the data it moves.

        Raises:
            InputError: a shape is not known, a piece of work does not fit, or a kernel is refused.
        """
        target = self.target
        listed = kernel_works(network, target.conventions, refused_by=target.name if strict else "")
        prices = self.price((work for at in listed for work, _ in at.works), report)
        costs = []
        for at in listed:
            cost = add_costs([_times(prices[work], times) for work, times in at.works])
            note = "; ".join(text for text in (cost.note, at.note) if text)
            costs.append((at.kernel, replace(cost, note=note)))
        return costs

    def joined(self, made: Sequence[tuple[Kernel, LayerCost]]) -> NetworkEstimate:
        """Cost of a network of its kernels', by the position of each one's first node."""
        layers = tuple(
            LayerEstimate(kernel.nodes[0], "+".join(dict.fromkeys(kernel.operators)), kernel.part, cost)
            for kernel, cost in made
        )
        return NetworkEstimate(self.target.label, add_costs([c for _, c in made]), layers, self.area)


def _times(cost: LayerCost, times: int) -> LayerCost:
    """A cost so many times over."""
    if times == 1:
        return cost
    latency, energy = (
        {name: value * times for name, value in parts.items()}
        for parts in (cost.latency_parts, cost.energy_parts)
    )
    whole = None if cost.energy_mj is None else cost.energy_mj * times
    return LayerCost(cost.latency_ms * times, whole, latency, energy, cost.note)


def work_key(work: Work) -> str:
    """One line of text for a piece of work, e.g. `conv 16x32x32 16x32x32 k3x3 s1 g1 p1`."""
    read, written, kernel = (
        "x".join(map(str, size)) for size in (work.shape_in, work.shape_out, work.kernel)
    )
    apart = f" d{work.dilation}" if work.dilation > 1 else ""
    return f"{work.kind} {read} {written} k{kernel} s{work.stride} g{work.groups} p{work.padding}{apart}"
