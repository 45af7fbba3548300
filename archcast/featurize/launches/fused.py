"""Steps that a compiler runs as one.

Products stay as they are. All else is put as late as its readers allow, counted in products before it: what
stands at one count and reads or is read by one another becomes one kernel, which reads and writes only what
passes its border.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archcast.featurize.launches.steps import Step


@dataclass(slots=True)
class Group:
    """Steps that are run as one; of a product, it alone."""

    steps: list[Step]
    reads: int
    weights: int
    written: int


def fused(steps: Sequence[Step], outputs: Sequence[str]) -> list[Group]:
    """Groups of steps, in the order of their first steps.

    Args:
        outputs: memory that leaves the network.
    """
    writer = {step.wrote: i for i, step in enumerate(steps)}
    readers: list[list[int]] = [[] for _ in steps]
    for i, step in enumerate(steps):
        for name in step.reads:
            if name in writer:
                readers[writer[name]].append(i)
    levels = _levels(steps, writer, readers)
    parent = list(range(len(steps)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    siblings: dict[tuple[str, int], int] = {}
    for i, step in enumerate(steps):
        if step.outside:
            continue
        for name in step.reads:
            made_by = writer.get(name)
            if made_by is not None and not steps[made_by].outside and levels[made_by] == levels[i]:
                parent[find(i)] = find(made_by)
            first = siblings.setdefault((name, levels[i]), i)
            if first != i:
                parent[find(i)] = find(first)
    members: dict[int, list[int]] = {}
    for i in range(len(steps)):
        members.setdefault(find(i), []).append(i)
    leaving = frozenset(outputs)
    return [_group(steps, own, readers, writer, leaving) for own in sorted(members.values())]


def _levels(steps: Sequence[Step], writer: dict[str, int], readers: list[list[int]]) -> list[int]:
    """Products before each step, as late as its readers allow."""
    early: list[int] = []
    for step in steps:
        before = [early[writer[n]] for n in step.reads if n in writer]
        early.append(max(before, default=0) + step.outside)
    late = list(early)
    for i in range(len(steps) - 1, -1, -1):
        if not steps[i].outside and readers[i]:
            late[i] = max(min(late[r] - steps[r].outside for r in readers[i]), early[i])
    return late


def _group(
    steps: Sequence[Step],
    own: list[int],
    readers: list[list[int]],
    writer: dict[str, int],
    leaving: frozenset[str],
) -> Group:
    inside = set(own)
    reads: dict[str, int] = {}
    weights: dict[str, int] = {}
    written = 0
    for i in own:
        for name, size in steps[i].reads.items():
            if writer.get(name) not in inside:
                reads[name] = max(reads.get(name, 0), size)
        for name, size in steps[i].weights.items():
            weights[name] = max(weights.get(name, 0), size)
        if steps[i].wrote in leaving or not readers[i] or any(r not in inside for r in readers[i]):
            written += steps[i].written
    return Group([steps[i] for i in own], sum(reads.values()), sum(weights.values()), written)
