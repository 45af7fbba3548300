"""Tables of the kernels that PyTorch launches, by itself (`eager`) and through its compiler (`compiled`)."""

from __future__ import annotations

from dataclasses import replace

from archcast.core.network import Network
from archcast.featurize.encoders.kernel_records import KernelTable, Row
from archcast.featurize.encoders.program import Program
from archcast.featurize.launches.fused import Group, fused
from archcast.featurize.launches.run import launched
from archcast.featurize.launches.steps import Step


def eager_table(network: Network, program: Program) -> KernelTable:
    """A kernel a step.

    Raises:
        InputError: a shape is not known; names the node.
    """
    rows = []
    for step in launched(bounded(network), program).steps:
        read, weights = sum(step.reads.values()), sum(step.weights.values())
        rows.append(_row(step.kind, step, (read, weights, step.written), joined=1, curved=step.curved))
    return KernelTable.of(rows)


def compiled_table(network: Network, program: Program) -> KernelTable:
    """A kernel a group of steps.

    Raises:
        InputError: a shape is not known; names the node.
    """
    known = bounded(network)
    run = launched(known, program)
    outputs = [run.tensor(name).source for name in known.outputs]
    return KernelTable.of([_group_row(group) for group in fused(run.steps, outputs)])


def bounded(network: Network) -> Network:
    """The network with a shape for every value: what a node gives whose size is known only when it runs, such
    as boxes that a detector finds, is taken to be as large as what it reads."""
    values, unknown = dict(network.values), False
    for node in network.nodes:
        for name in node.outputs:
            if name and not values[name].is_bound:
                read = [values[n] for n in node.inputs if n and values[n].is_bound and not values[n].constant]
                largest = max(read, key=lambda value: value.elements, default=None)
                shape = (1,) if largest is None else largest.dims
                values[name], unknown = replace(values[name], shape=shape), True
    return replace(network, values=values) if unknown else network


def _group_row(group: Group) -> Row:
    head = max(group.steps, key=lambda step: (step.macs, step.elements))
    kind = head.kind if head.outside else "fused"
    if kind == "fused":
        kinds = {step.kind for step in group.steps}
        kind = next((k for k in _TELLING if k in kinds), "fused")
    moved = (group.reads, group.weights, group.written)
    curved = sum(step.curved for step in group.steps)
    row = _row(kind, head, moved, joined=len(group.steps), curved=curved)
    return Row(row.kind, row.fields, row.part, tuple(step.node.op for step in group.steps))


_TELLING = ("layer_norm", "group_norm", "rms_norm", "norm", "softmax", "pool", "global_pool", "reduction")


def _row(kind: str, step: Step, moved: tuple[int, int, int], *, joined: int, curved: int) -> Row:
    read, weights, written = moved
    fields = (
        *(step.macs, read, written, weights, step.elements, *step.shape),
        *(curved, joined, step.width, step.once, step.last),
    )
    return Row(kind, fields, step.node.part, (step.node.op,))
