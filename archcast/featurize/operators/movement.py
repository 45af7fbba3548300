"""Data moved without arithmetic: views, which cost nothing, copies, and parts that are picked."""

from __future__ import annotations

from dataclasses import replace

from archcast.core.network import Node
from archcast.featurize.operators.base import Values, Work, gathered, operator, traffic

VIEWS = (
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Shape", "Size", "Dropout"),
    *("Optional", "OptionalGetElement", "OptionalHasElement", "SequenceConstruct", "SequenceEmpty"),
    *("SequenceAt", "SequenceErase", "SequenceInsert", "SequenceLength"),
)
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
PARTS = ("Slice", "Split", "SplitToSequence", "Compress", "Trilu")
PICKS = ("Gather", "GatherElements", "GatherND", "com.microsoft::GatherBlockQuantized")
SCATTERS = ("ScatterElements", "ScatterND", "Scatter", "TensorScatter")
MADE = (
    *("Constant", "ConstantOfShape", "EyeLike", "Range", "OneHot", "HannWindow", "HammingWindow"),
    *("BlackmanWindow", "MelWeightMatrix", "AffineGrid"),
)


@operator(*VIEWS)
def view(node: Node, values: Values) -> Work:
    """The same data under another shape, or a fact about it."""
    del node, values
    return Work("view")


@operator(*COPIES)
def copy(node: Node, values: Values) -> Work:
    """Read once, written once; shuffling channels (a transpose of five dimensions) has a kind of its own."""
    work = traffic(node, values, "copy", learned=(0,))
    shuffles = node.op == "Transpose" and node.attributes.get("perm") == (0, 2, 1, 3, 4)
    return replace(work, kind="shuffle") if shuffles else work


@operator("Concat", "ConcatFromSequence", "com.microsoft::QLinearConcat", "StringConcat")
def concat(node: Node, values: Values) -> Work:
    """Several one after another."""
    return traffic(node, values, "concat")


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
