"""Writes networks over square maps one operator at a time, and keeps track of shapes."""

from __future__ import annotations

from collections.abc import Callable

from archcast.core.errors import InputError
from archcast.core.network import Attribute, Network, Node, Scalar, Value

Shape = tuple[int, int, int]
"""Channels, height, width."""
Roles = dict[str, tuple[int, ...]]
"""Shapes of an operator's weights by what they are called."""


class NetworkBuilder:
    """Builds a network of one image, in ONNX's operators.

    Every method returns the name of what the new operator gives, to be used as the next one's input.

    Attributes:
        part: the part of the network that operators belong to from now on.
        nodes, values: what was written.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.values: dict[str, Value] = {}
        self.part = ""
        self._inputs: list[str] = []
        self._shapes: dict[str, Shape] = {}
        self._last = ""

    def shape(self, x: str) -> Shape:
        """Channels, height and width of `x`; a vector is a map of one place."""
        return self._shapes[x]

    def input(self, channels: int, side: int) -> str:
        """A square input of the network or, in a part built alone, of the part."""
        name = f"input{len(self._inputs) or ''}"
        self.values[name] = Value(name, (1, channels, side, side))
        self._inputs.append(name)
        self._shapes[name] = (channels, side, side)
        self._last = name
        return name

    def conv(
        self,
        x: str,
        channels: int,
        *,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        bias: bool = False,
    ) -> str:
        """Convolution with padding `(kernel - 1) // 2`."""
        c = self.shape(x)[0]
        if c % groups or channels % groups:
            raise InputError(f"conv channels {c} -> {channels} must be multiples of groups {groups}")
        roles: Roles = {"weight": (channels, c // groups, kernel, kernel)}
        if bias:
            roles["bias"] = (channels,)
        size = self._windowed(x, kernel, stride)
        return self._add("Conv", (x,), (channels, *size), roles, **_window(kernel, stride), group=groups)

    def linear(self, x: str, features: int) -> str:
        """Fully connected layer with bias, over all that `x` holds."""
        channels, height, width = self.shape(x)
        inner = channels * height * width
        flat = x if len(self.values[x].shape or ()) == 2 else self._add("Flatten", (x,), (inner,), axis=1)
        roles: Roles = {"weight": (features, inner), "bias": (features,)}
        return self._add("Gemm", (flat,), (features,), roles, transB=1)

    def pool(
        self,
        x: str,
        op: str,
        *,
        kernel: int,
        stride: int,
        count_padding: bool = False,
    ) -> str:
        """`avg_pool` or `max_pool` with padding `(kernel - 1) // 2`.

        Args:
            count_padding: whether an average divides by the full window at the border.
        """
        out = (self.shape(x)[0], *self._windowed(x, kernel, stride))
        window = _window(kernel, stride)
        if op == "avg_pool":
            window["count_include_pad"] = int(count_padding)
        return self._add({"avg_pool": "AveragePool", "max_pool": "MaxPool"}[op], (x,), out, **window)

    def global_pool(self, x: str) -> str:
        """Mean over the map."""
        return self._add("GlobalAveragePool", (x,), (self.shape(x)[0], 1, 1))

    def pointwise(self, x: str, op: str) -> str:
        """An operator that keeps the shape, one of `POINTWISE`."""
        return POINTWISE[op](self, x)

    def shuffle(self, x: str, groups: int) -> str:
        """Channels of `groups` groups mixed, so that each new group has some of every old one."""
        channels, height, width = self.shape(x)
        if channels % groups:
            raise InputError(f"shuffled channels {channels} must be a multiple of groups {groups}")
        split = (groups, channels // groups, height, width)
        x = self._add("Reshape", (x, self._constant((0, *split))), split)
        swapped = (channels // groups, groups, height, width)
        x = self._add("Transpose", (x,), swapped, perm=(0, 2, 1, 3, 4))
        whole = (channels, height, width)
        return self._add("Reshape", (x, self._constant((0, *whole))), whole)

    def add(self, *xs: str) -> str:
        """Sum of two or more of one shape."""
        self._require_several("add", xs)
        if len({self.shape(x) for x in xs}) != 1:
            raise InputError(f"add needs one shape, got {[self.shape(x) for x in xs]}")
        return self._add("Add" if len(xs) == 2 else "Sum", xs, self.shape(xs[0]))

    def concat(self, *xs: str) -> str:
        """Concatenation along channels of maps of one size."""
        self._require_several("concat", xs)
        _, h, w = self.shape(xs[0])
        if {self.shape(x)[1:] for x in xs} != {(h, w)}:
            raise InputError(f"concat needs one map size, got {[self.shape(x) for x in xs]}")
        return self._add("Concat", xs, (sum(self.shape(x)[0] for x in xs), h, w), axis=1)

    def multiply(self, x: str, gate: str) -> str:
        """`x` times a gate for each channel, of shape (channels, 1, 1)."""
        return self._add("Mul", (x, gate), self.shape(x))

    def network(self, output: str = "") -> Network:
        """The finished network, which gives `output`; by default what was written last."""
        return Network(self.values, tuple(self.nodes), tuple(self._inputs), (output or self._last,))

    def _windowed(self, x: str, kernel: int, stride: int) -> tuple[int, int]:
        """Height and width after a window has moved over the map."""
        _, height, width = self.shape(x)
        padded = 2 * ((kernel - 1) // 2) - kernel
        return (height + padded) // stride + 1, (width + padded) // stride + 1

    def _require_several(self, op: str, xs: tuple[str, ...]) -> None:
        if len(xs) < 2:
            raise InputError(f"{op} cannot have {len(xs)} inputs")

    def _constant(self, data: tuple[Scalar, ...] | float) -> str:
        """A constant of whole numbers, or a single fraction."""
        name = f"constant{len(self.values)}"
        many = isinstance(data, tuple)
        elements = data if isinstance(data, tuple) else (data,)
        self.values[name] = Value(
            name,
            (len(elements),) if many else (),
            "int64" if many else "float32",
            constant=True,
            data=elements,
            learned=False,
        )
        return name

    def _add(
        self,
        op: str,
        inputs: tuple[str, ...],
        out: tuple[int, ...],
        roles: Roles | None = None,
        /,
        **attributes: Attribute,
    ) -> str:
        """Write a node, with a weight for each role, and a value of shape (1, *out)."""
        name = f"{op.lower()}{len(self.nodes)}"
        for role, shape in (roles or {}).items():
            weight = f"{name}.{role}"
            trained = not role.startswith("running")
            self.values[weight] = Value(weight, shape, constant=True, learned=trained)
            inputs = (*inputs, weight)
        self.values[name] = Value(name, (1, *out))
        self._shapes[name] = (out[0], out[-2], out[-1]) if len(out) > 1 else (out[0], 1, 1)
        self.nodes.append(Node(op, inputs, (name,), attributes, self.part))
        self._last = name
        return name

    def _batch_norm(self, x: str) -> str:
        channels = self.shape(x)[0]
        roles = ("scale", "shift", "running_mean", "running_variance")
        return self._add("BatchNormalization", (x,), self.shape(x), dict.fromkeys(roles, (channels,)))

    def _relu6(self, x: str) -> str:
        return self._add("Clip", (x, self._constant(0.0), self._constant(6.0)), self.shape(x))

    def _zero(self, x: str) -> str:
        """A product with 0, as in the program that made NAS-Bench-201's measurements: a pass over `x`."""
        return self._add("Mul", (x, self._constant(0.0)), self.shape(x))

    def _plain(self, x: str, op: str, **attributes: Attribute) -> str:
        return self._add(op, (x,), self.shape(x), **attributes)


POINTWISE: dict[str, Callable[[NetworkBuilder, str], str]] = {
    "batch_norm": NetworkBuilder._batch_norm,
    "relu": lambda b, x: b._plain(x, "Relu"),
    "relu6": NetworkBuilder._relu6,
    "hswish": lambda b, x: b._plain(x, "HardSwish"),
    "hsigmoid": lambda b, x: b._plain(x, "HardSigmoid", alpha=1.0 / 6.0, beta=0.5),
    "zero": NetworkBuilder._zero,
}
"""Operators that keep the shape."""


def _window(kernel: int, stride: int) -> dict[str, Attribute]:
    padding = (kernel - 1) // 2
    return {"kernel_shape": (kernel,) * 2, "strides": (stride,) * 2, "pads": (padding,) * 4}
