"""What conventions say of kernels: what is joined, what costs nothing, what is data moved alone."""

from __future__ import annotations

from collections.abc import Mapping

from archcast.core.network import Network
from archcast.featurize.kernels import Kernel, kernels

_JOINED = {"batch_norm": ("batch_norm", "folded"), "epilogue_activation": ("activation", "fused")}
"""Rule of joining nodes -> the convention that asks for it."""
_COSTS_NOTHING = {
    ("activation", "fused"),
    ("concat", "in_place"),
    ("shuffle", "in_place"),
    ("zero", "removed"),
}
_MOVED = frozenset({"copy", "elementwise", "quantize"})
"""Kinds besides those of conventions that are data moved by what they are."""


def priced_kernels(
    network: Network, conventions: Mapping[str, str], *, written_out: bool = True
) -> tuple[Kernel, ...]:
    """The kernels of a network as the conventions join its nodes.

    Args:
        written_out: whether normalisations, activations and attention may be there in more than one operator.

    Raises:
        InputError: a shape is not known; names the node.
    """
    rules = ["constants", "normalization", "activation", "attention"] if written_out else []
    rules += [rule for rule, (kind, choice) in _JOINED.items() if conventions.get(kind) == choice]
    return kernels(network, rules)


def free_note(kernel: Kernel, conventions: Mapping[str, str]) -> str:
    """Why a kernel costs nothing; empty where it costs something."""
    choice = conventions.get(kernel.kind)
    return f"{kernel.kind}: {choice}" if (kernel.kind, choice) in _COSTS_NOTHING else ""


def moved_note(kernel: Kernel, conventions: Mapping[str, str]) -> str:
    """Why a kernel is priced as the data it moves alone; empty where it is priced by what it does."""
    if strange := [c.node.op for c in kernel.inside if not c.understood]:
        return f"{', '.join(dict.fromkeys(strange))} not understood: priced as the data it moves"
    if not kernel.macs and kernel.kind not in conventions and kernel.kind not in _MOVED:
        return f"{kernel.kind} has no convention: priced as the data it moves"
    return ""
