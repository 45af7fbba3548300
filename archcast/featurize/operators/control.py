"""Sub-graphs: of a branch the dearer one counts, of a loop as many turns as are told.

The work of a body's nodes is that of these nodes; what is counted here is what passes in and out.
"""

from __future__ import annotations

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, operator


@operator("If", "Loop", "Scan", "SequenceMap")
def control(node: Node, values: Values) -> Work:
    """Nothing is moved by the node itself."""
    del node, values
    return Work("control")
