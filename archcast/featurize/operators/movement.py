"""Data moved without arithmetic: views, which cost nothing, copies, and parts that are picked."""

from __future__ import annotations

from dataclasses import replace

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, gathered, is_learned, operator, traffic, written

VIEWS = (
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Shape", "Size", "Dropout"),
    *("Optional", "OptionalGetElement", "OptionalHasElement", "SequenceConstruct", "SequenceEmpty"),
    *("SequenceAt", "SequenceErase", "SequenceInsert", "SequenceLength"),
)
FACTS = ("Shape", "Size", "SequenceLength", "OptionalHasElement")
"""Views that read no elements."""
COPIES = (
    "Transpose",
    "Tile",
    "Expand",
    "Pad",
    "DepthToSpace",
    "SpaceToDepth",
    "ReverseSequence",
    "CenterCropPad",
)
PARTS = ("Slice", "Split", "Compress", "Trilu")
PICKS = ("Gather", "GatherElements", "GatherND", "com.microsoft::GatherBlockQuantized")
SCATTERS = ("ScatterElements", "ScatterND", "Scatter", "TensorScatter")
MADE = (
    *(
        "Constant",
        "ConstantOfShape",
        "ConstantFill",
        "EyeLike",
        "Range",
        "OneHot",
        "HannWindow",
        "HammingWindow",
    ),
    *("BlackmanWindow", "MelWeightMatrix", "AffineGrid"),
)


@operator(*VIEWS)
def view(node: Node, values: Values) -> Work:
    """The same data under another shape, or a fact about it; a constant so shown may be trained."""
    shown = values[node.inputs[0]] if node.inputs and node.inputs[0] and node.op not in FACTS else None
    trained = shown is not None and shown.constant and is_learned(shown)
    return Work("view", learned=node.inputs[:1] if trained else ())


@operator(*COPIES)
def copy(node: Node, values: Values) -> Work:
    """Read once, written once; shuffling channels (a transpose of five dimensions) has a kind of its own."""
    work = traffic(node, values, "copy", learned=(0,))
    shuffles = node.op == "Transpose" and node.attributes.get("perm") == (0, 2, 1, 3, 4)
    return replace(work, kind="shuffle") if shuffles else work


@operator("Concat", "com.microsoft::QLinearConcat", "StringConcat")
def concat(node: Node, values: Values) -> Work:
    """Several one after another; scale and zero point stand after quantised ones."""
    parts = range(2, len(node.inputs), 3) if node.op.endswith("QLinearConcat") else range(len(node.inputs))
    return traffic(node, values, "concat", learned=tuple(parts))


@operator("SplitToSequence")
def split_to_sequence(node: Node, values: Values) -> Work:
    """All that is read is written, whatever the sizes of the parts."""
    whole = traffic(Node(node.op, node.inputs[:1], ()), values, "copy", learned=(0,))
    return replace(whole, written=whole.read + whole.weights)


@operator("ConcatFromSequence")
def concat_sequence(node: Node, values: Values) -> Work:
    """All that is written was read, whatever the sizes of the parts."""
    size = written(node, values)
    return Work("concat", read=size, written=size)


@operator(*PARTS)
def part(node: Node, values: Values) -> Work:
    """No more is read than is written."""
    return gathered(traffic(node, values, "copy", learned=(0,)))


@operator(*PICKS)
def pick(node: Node, values: Values) -> Work:
    """Rows of a table by number, as an embedding does; the rows are read, not the table."""
    work = traffic(node, values, "gather", learned=(0,))
    return replace(work, read=min(work.read, 2 * work.written), weights=min(work.weights, work.written))


@operator(*SCATTERS)
def scatter(node: Node, values: Values) -> Work:
    """Data with some places overwritten."""
    return traffic(node, values, "gather", learned=(0,))


@operator(*MADE)
def made(node: Node, values: Values) -> Work:
    """Written from nothing but numbers."""
    return traffic(node, values, "copy", learned=())
