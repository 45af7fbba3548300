"""Operations that exporters write out in several nodes, found by their form.

A diamond is a few nodes done element by element that all see one value and meet again in one node: the error
function's GELU, x sigmoid(x), a variance and the division by it. With a reduction inside it is a
normalisation or a softmax, without one an activation.
"""

from __future__ import annotations

from collections.abc import Iterator

from archcast.featurize.fusion.graph import Groups
from archcast.featurize.operators.elementwise import ACTIVATIONS, MANY, ONE

_MOST = 24
_POINTWISE = frozenset({*ACTIVATIONS, *ONE, *MANY, "Add", "Mul", "Sum"})
_REDUCTIONS = frozenset({"ReduceMean", "ReduceSum", "ReduceMax", "ReduceSumSquare", "ReduceL2"})
_BETWEEN = frozenset({"Mul", "Div", "Add", "Where", "Dropout", "Cast", "Clip", "Identity", "Reshape", "Sub"})


def join_written_out(groups: Groups, *, reductions: bool) -> None:
    """Join every diamond, with the sums and products by constants that follow it.

    Args:
        reductions: those with a reduction inside, else those without.
    """
    names = [*groups.network.inputs, *(n for node in groups.network.nodes for n in node.outputs if n)]
    for name in names:
        if len(groups.readers(name)) < 2:
            continue
        members = _diamond(groups, name, reductions=reductions)
        if not members:
            continue
        ops = {groups.node(place).op for place in members}
        if bool(ops & _REDUCTIONS) != reductions or not groups.may_join(members):
            continue
        kind = "activation" if not reductions else "softmax" if "Exp" in ops else "norm"
        members += list(_scaled(groups, max(members)))
        before = groups.writer(name)
        if kind == "norm" and before is not None and groups.kind(before) == "norm":
            members.append(before)  # the mean was taken off before
        if groups.may_join(members):
            groups.join(members, kind)


def _diamond(groups: Groups, source: str, *, reductions: bool) -> list[int]:
    """Nodes that see `source` alone, up to the first that all of them lead to; empty where there is none."""
    allowed = _POINTWISE | _REDUCTIONS if reductions else _POINTWISE
    readers = sorted(groups.readers(source))
    if sum(groups.node(place).op in allowed and not groups.kind(place) for place in readers) < 2:
        return []
    seen, grown = {source}, []
    for place in _onwards(groups, readers):
        node = groups.node(place)
        if node.op in allowed and not groups.kind(place) and set(groups.data(place)) <= seen:
            grown.append(place)
            seen.update(node.outputs)
    starts = {place for place in grown if source in groups.node(place).inputs}
    if len(starts) < 2:
        return []
    for size in range(2, min(len(grown), _MOST) + 1):
        members = grown[:size]
        if starts <= set(members) and _ends(groups, members):
            return members
    return []


def _onwards(groups: Groups, waiting: list[int]) -> Iterator[int]:
    """Nodes in order, each followed by its readers; at most a few dozen."""
    done: set[int] = set()
    while waiting and len(done) < 2 * _MOST:
        place = waiting.pop(0)
        if place in done:
            continue
        done.add(place)
        yield place
        following = {r for name in groups.node(place).outputs if name for r in groups.readers(name)}
        waiting = sorted({*waiting, *following} - done)


def _ends(groups: Groups, members: list[int]) -> bool:
    """Whether all members but the last are read by members alone."""
    inside = set(members)
    return all(
        name not in groups.outputs and groups.readers(name) <= inside
        for place in members[:-1]
        for name in groups.node(place).outputs
        if name
    )


def _scaled(groups: Groups, place: int) -> Iterator[int]:
    """The product and the sum with constants that follow a node."""
    for _ in range(3):
        reader = groups.sole_reader(place)
        if reader is None or groups.node(reader).op not in ("Mul", "Div", "Add", "Cast"):
            return
        if len(groups.data(reader)) != 1:
            return
        yield reader
        place = reader


def join_attention(groups: Groups) -> None:
    """Join the product before a softmax, what scales and masks its scores, and the product after it."""
    for place in groups.places():
        node = groups.node(place)
        if node.op != "Softmax" and groups.kind(place) != "softmax":
            continue
        end = groups.end(place)
        after = _forwards(groups, end)
        before = _backwards(groups, min(groups.of(place)))
        if not after or not before or groups.kind(place) == "attention":
            continue
        members = [*before, *groups.of(place), *after]
        if groups.may_join(members):
            groups.join(members, "attention")


def _forwards(groups: Groups, place: int) -> list[int]:
    """Nodes from a softmax to the product that reads it."""
    members: list[int] = []
    for _ in range(4):
        reader = groups.sole_reader(place)
        if reader is None:
            return []
        members.append(reader)
        if groups.node(reader).op == "MatMul":
            return members
        if groups.node(reader).op not in _BETWEEN:
            return []
        place = reader
    return []


def _backwards(groups: Groups, place: int) -> list[int]:
    """Nodes from the product of queries and keys to a softmax."""
    members: list[int] = []
    for _ in range(6):
        writers = [w for name in groups.data(place) if (w := groups.writer(name)) is not None]
        scores = [w for w in writers if groups.sole_reader(w) == place]
        products = [w for w in scores if groups.node(w).op == "MatMul"]
        if products:
            return [*members, products[0]]
        between = [w for w in scores if groups.node(w).op in _BETWEEN]
        if not between:
            return []
        place = between[0]
        members.append(place)
    return []
