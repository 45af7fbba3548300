"""What is launched when a network runs."""

from __future__ import annotations

from archcast.core.errors import InputError
from archcast.core.network import Network
from archcast.featurize.encoders.program import Program
from archcast.featurize.launches import norms, pointwise, products
from archcast.featurize.launches.layouts import prefers_channels_last
from archcast.featurize.launches.steps import Launches
from archcast.featurize.launches.views import LAUNCHES

__all__ = ["launched", "norms", "pointwise", "products"]


def launched(network: Network, program: Program) -> Launches:
    """Follow a network.

    Raises:
        InputError: a shape is not known; names the node.
    """
    run = Launches(network, program)
    if run.compiled:
        run.maps_last = run.maps_last or prefers_channels_last(network, program)
    for place, node in enumerate(network.nodes):
        if place in run.done:
            continue
        try:
            LAUNCHES.get(node.op, norms.whole)(run, node)
        except (InputError, ValueError, IndexError) as error:  # operands of other shapes than it has
            where = f" in {node.part}" if node.part else ""
            reason = error if isinstance(error, InputError) else f"its operands do not fit ({error})"
            raise InputError(f"node {place} ({node.op}{where}): {reason}") from error
    return run
