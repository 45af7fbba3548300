"""`archcast explain` by kernels: of model files, and of members of a space."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from archcast.cli.output import print_record, print_records
from archcast.core.errors import InputError

if TYPE_CHECKING:
    from archcast.core.network import Network
    from archcast.search.explain.kernels import KernelExplanation
    from archcast.serving.kernel_costs import KernelCost

_MOST = 20
"""Rows of each table."""


def explained_by_kernels(
    arch: str,
    network: Network | None,
    device: str | None,
    *,
    metric: str,
    space: str | None,
    dataset: str | None,
    notation: str | None,
) -> KernelExplanation:
    """Where the cost of a network goes.

    Args:
        arch: its file, or an architecture in its space's notation.
        network: of the file; None for an architecture.
        notation: of others, in which an architecture is.

    Raises:
        InputError: no device is named, or the cost is no sum over kernels there.
    """
    from archcast.search.explain.kernels import explain_member, explain_network

    if device is None:
        raise InputError("device must be named with -d to explain a cost by kernels")
    if network is None:
        return explain_member(arch, device, metric=metric, space=space, dataset=dataset, notation=notation)
    return explain_network(network, device, metric=metric, name=arch)


def print_kernels(made: KernelExplanation, *, as_json: bool) -> None:
    """Print where a cost goes: parts, the dearest kernels, and those that are dear for what they compute."""
    from archcast.search.explain.kernels import DEAR

    if as_json:
        print_record(made.to_json(), as_json=True)
        return
    unit = made.unit
    rows = [{"part": name, unit: value, "share": f"{share:.1%}"} for name, value, share in made.parts()]
    title = f"{made.of} on {made.device}: {made.value:.4g} {unit}, by part"
    print_records(rows[:_MOST], as_json=False, title=title)
    dearest = sorted(made.kernels, key=lambda one: -one.value)[:_MOST]
    print_records([_row(one, unit) for one in dearest], as_json=False, title="dearest kernels")
    dear = [_row(one, unit) | {f"{unit} too many": more} for one, more in made.dear()[:_MOST]]
    if not dear:
        typer.echo(f"no kernel has {DEAR:g} times the share of the cost that it has of the work")
        return
    print_records(dear, as_json=False, title="kernels that are dear for what they compute on this device")


def _row(one: KernelCost, unit: str) -> dict[str, object]:
    return {
        "kernel": one.kind,
        "operators": one.operators,
        "part": one.part,
        unit: one.value,
        "share": f"{one.share:.1%}",
        "dear for its work": f"{one.dearness:.1f} x",
    }
