"""ncnn's layers as an ONNX model; the form of each layer is in `ncnn_forms`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from archcast.core.errors import InputError

OPSET = 23


@dataclass(frozen=True, slots=True)
class Layer:
    """One line.

    Attributes:
        kind, name: of the layer.
        inputs, outputs: names of blobs.
        numbers: parameters that are numbers, by their own number.
        lists: parameters that are lists, by the number that they stand for.
        shapes: of the outputs where the file tells them, (c, h, w), (h, w) or (w,).
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    numbers: Mapping[int, float] = field(default_factory=dict)
    lists: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    shapes: tuple[tuple[int, ...], ...] = ()

    def whole(self, number: int, default: int = 0) -> int:
        """A parameter that is a whole number."""
        return int(self.numbers.get(number, default))

    def real(self, number: int, default: float = 0.0) -> float:
        """A parameter that is any number."""
        return float(self.numbers.get(number, default))


class Writer:
    """Nodes and constants of an ONNX graph, as layers come."""

    def __init__(self) -> None:
        from onnx import TensorProto, helper, numpy_helper

        self.helper, self.numpy_helper, self.types = helper, numpy_helper, TensorProto
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.known: dict[str, tuple[int, ...]] = {}
        self.rank: dict[str, int] = {}
        self.channels: dict[str, int] = {}

    def node(
        self, op: str, inputs: Sequence[str], outputs: Sequence[str], layer: Layer, **attributes: Any
    ) -> None:
        """Add a node of a layer."""
        domain, _, name = op.rpartition("::")
        node = self.helper.make_node(
            name, list(inputs), list(outputs), name=f"{layer.name}/{name}", domain=domain, **attributes
        )
        self.nodes.append(node)

    def weight(self, layer: Layer, role: str, *dims: int) -> str:
        """A trained constant without elements."""
        if any(d < 1 for d in dims):
            raise InputError(f"{layer.kind} {layer.name} has a weight of the shape {dims}")
        name = f"{layer.name}.{role}"
        self.constants.append(self.types(name=name, data_type=self.types.FLOAT, dims=dims))
        return name

    def numbers(self, layer: Layer, role: str, values: Sequence[float] | float, *, real: bool = False) -> str:
        """A small constant."""
        import numpy as np

        name = f"{layer.name}.{role}"
        array = np.array(values, dtype=np.float32 if real else np.int64)
        self.constants.append(self.numpy_helper.from_array(array, name))
        return name


Write: TypeAlias = Callable[[Writer, Layer], None]


def model_of_layers(
    layers: Sequence[Layer], given: Mapping[str, tuple[int, ...]], forms: Mapping[str, Write]
) -> Any:
    """An ONNX model of the layers, whose shapes are yet to be inferred.

    Raises:
        InputError: an input's shape is neither given nor told, or a layer reads what is not there; names it.
    """
    w = Writer()
    written: set[str] = set()
    for layer in layers:
        for name in layer.inputs:
            if name not in written:
                raise InputError(f"{layer.kind} {layer.name} reads {name!r}, which no layer before it writes")
        written.update(layer.outputs)
        if layer.kind == "Input":
            _inputs(w, layer, given)
            continue
        write = forms.get(layer.kind)
        if write is None:
            w.node(f"ncnn::{layer.kind}", layer.inputs, layer.outputs, layer)
        else:
            write(w, layer)
        for name, shape in zip(layer.outputs, layer.shapes, strict=False):
            w.known.setdefault(name, shape)
        _follow(w, layer)
    read = {name for node in w.nodes for name in node.input}
    ends = dict.fromkeys(name for node in w.nodes for name in node.output if name and name not in read)
    h, kind = w.helper, w.types.FLOAT
    graph = h.make_graph(
        w.nodes,
        "ncnn",
        w.inputs,
        [h.make_tensor_value_info(name, kind, None) for name in ends],
        w.constants,
        value_info=[h.make_tensor_value_info(name, kind, (1, *shape)) for name, shape in w.known.items()],
    )
    opsets = [h.make_opsetid("", OPSET), h.make_opsetid("ncnn", 1)]
    return h.make_model(graph, opset_imports=opsets)


def _follow(w: Writer, layer: Layer) -> None:
    """Keep track of dimensions and channels of blobs, where the file does not tell their shapes."""
    first = layer.inputs[0] if layer.inputs else ""
    rank, channels = w.rank.get(first, 3), w.channels.get(first, 0)
    if layer.kind == "Reshape":
        rank = sum(number in layer.numbers for number in (0, 1, 2, 11))
        channels = max(layer.whole(2), 0)
    elif layer.kind == "ExpandDims":
        rank += len(layer.lists.get(3, (0,)))
    elif layer.kind == "Tile":
        rank = max(rank, len(layer.lists.get(2, ())))
    elif layer.kind in ("InnerProduct", "Flatten"):
        rank = 1
    elif layer.kind.startswith(("Convolution", "Deconvolution")):
        channels = layer.whole(0)
    elif layer.kind == "Concat" and not layer.whole(0):
        channels = sum(w.channels.get(name, 0) for name in layer.inputs)
    elif layer.kind == "Slice" and not layer.whole(1):
        channels //= max(len(layer.outputs), 1)
    for name in layer.outputs:
        shape = w.known.get(name, ())
        w.rank[name] = len(shape) or rank
        w.channels[name] = shape[0] if len(shape) == 3 else channels


def _inputs(w: Writer, layer: Layer, given: Mapping[str, tuple[int, ...]]) -> None:
    sizes = [layer.whole(number) for number in (2, 11, 1, 0) if layer.whole(number)]
    for i, name in enumerate(layer.outputs):
        shape = given.get(name) or (layer.shapes[i] if i < len(layer.shapes) else tuple(sizes))
        if not shape:
            missing = [n for n in layer.outputs[i:] if n not in given]
            more = f" (and those of {', '.join(missing[1:])})" if missing[1:] else ""
            raise InputError(
                f"the shape of the input {name!r} is not told in the file: give it{more} as "
                f"inputs={{{name!r}: (c, h, w)}}, (h, w) or (w,)"
            )
        w.inputs.append(w.helper.make_tensor_value_info(name, w.types.FLOAT, (1, *shape)))
        w.rank[name], w.channels[name] = len(shape), shape[0]
