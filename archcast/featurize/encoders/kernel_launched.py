"""Tables of the kernels that PyTorch launches, by itself (`eager`) and through its compiler (`compiled`)."""

from __future__ import annotations

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
    for step in launched(network, program).steps:
        read, weights = sum(step.reads.values()), sum(step.weights.values())
        rows.append(_row(step.kind, step, (read, weights, step.written), joined=1, curved=step.curved))
    return KernelTable.of(rows)


def compiled_table(network: Network, program: Program) -> KernelTable:
    """A kernel a group of steps.

    Raises:
        InputError: a shape is not known; names the node.
    """
    run = launched(network, program)
    outputs = [run.tensor(name).source for name in network.outputs]
    return KernelTable.of([_group_row(group) for group in fused(run.steps, outputs)])


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
