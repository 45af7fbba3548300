"""Shapes of what operators of other domains write, which ONNX's own inference does not know.

ONNX Runtime's fused and quantised operators (`com.microsoft`) are known; those of the domains that
exporters invent are not, and what they write stays open unless the file states it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from archcast.featurize.readers.onnx_fold import elements, has_elements

Shape: TypeAlias = "tuple[int, ...]"
Kind: TypeAlias = "tuple[int, Shape]"
"""Type of elements, by ONNX's number, and shape."""
Rule: TypeAlias = "Callable[[Any, list[Kind | None]], list[Kind | None]]"

_FLOAT, _UINT8, _INT8 = 1, 2, 3


def foreign_shapes(graph: Any, known: Mapping[str, Any]) -> int:
    """Write the shapes of foreign operators' outputs into a graph, in place; how many were learned."""
    from onnx import helper

    kinds = {name: kind for name, type_ in known.items() if (kind := _kind(type_)) is not None}
    kinds |= {t.name: (t.data_type, tuple(t.dims)) for t in graph.initializer}
    stated = {value.name: value for value in (*graph.value_info, *graph.output)}
    learned = 0
    for node in graph.node:
        rule = RULES.get(node.op_type) if node.domain == "com.microsoft" else _former(node, graph)
        if rule is None or not node.output or node.output[0] in kinds:
            continue
        given = [kinds.get(name) for name in node.input]
        if not given or given[0] is None:
            continue
        try:
            found = rule(node, given)
        except (IndexError, TypeError, ValueError, KeyError, ZeroDivisionError):
            continue
        for name, kind in zip(node.output, found, strict=False):
            if not name or kind is None or name in kinds:
                continue
            kinds[name] = kind
            info = helper.make_tensor_value_info(name, kind[0], kind[1])
            (stated[name] if name in stated else graph.value_info.add()).CopyFrom(info)
            learned += 1
    return learned


def _former(node: Any, graph: Any) -> Rule | None:
    """The rule of an operator whose first versions ONNX has no shapes of; by numbers that are known."""
    if node.op_type not in ("Tile", "ConstantFill") or node.domain not in ("", "ai.onnx"):
        return None
    numbers = next((t for t in graph.initializer if t.name == node.input[-1]), None)
    if numbers is None or not has_elements(numbers):
        return None
    sides = elements(numbers).reshape(-1).tolist()
    if node.op_type == "Tile":
        return lambda node, given: _tiled(given, sides)
    if not _get(node, "input_as_shape", 0):
        return None
    return lambda node, given: [(_get(node, "dtype", _FLOAT), tuple(map(int, sides)))]


def _tiled(given: list[Any], times: list[float]) -> list[Kind | None]:
    kind, shape = given[0]
    return [(kind, tuple(int(d * n) for d, n in zip(shape, times, strict=True)))]


def _kind(type_: Any) -> Kind | None:
    tensor = type_.tensor_type
    if type_.WhichOneof("value") != "tensor_type" or not tensor.HasField("shape"):
        return None
    if any(d.WhichOneof("value") != "dim_value" for d in tensor.shape.dim):
        return None
    return tensor.elem_type, tuple(d.dim_value for d in tensor.shape.dim)


def _get(node: Any, name: str, default: Any) -> Any:
    from onnx import helper

    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def _same(node: Any, given: list[Any]) -> list[Kind | None]:
    return [given[0]]


def _broadcast(node: Any, given: list[Any]) -> list[Kind | None]:
    import numpy as np

    shapes = [given[p][1] for p in ((0, 3) if node.op_type.startswith("QLinear") else (0, 1))]
    return [(given[0][0], tuple(np.broadcast_shapes(*shapes)))]


def _product(node: Any, given: list[Any]) -> list[Kind | None]:
    a, b = list(given[0][1]), list(given[1][1])
    if _get(node, "transA", 0):
        a[-2:] = a[:-3:-1]
    if _get(node, "transB", 0):
        b[-2:] = b[:-3:-1]
    lead = tuple(max(x, y) for x, y in zip(a[-3::-1], b[-3::-1], strict=False))[::-1]
    longer = a if len(a) >= len(b) else b
    batch = (*longer[: len(longer) - 2 - len(lead)], *lead)
    kind = _FLOAT if node.op_type in ("DynamicQuantizeMatMul", "MatMulIntegerToFloat") else given[0][0]
    return [(kind, (*batch, a[-2], b[-1]))]


def _matmul_n_bits(node: Any, given: list[Any]) -> list[Kind | None]:
    return [(given[0][0], (*given[0][1][:-1], _get(node, "N", 0)))]


def _qgemm(node: Any, given: list[Any]) -> list[Kind | None]:
    a, b = given[0][1], given[3][1]
    rows = a[1] if _get(node, "transA", 0) else a[0]
    columns = b[0] if _get(node, "transB", 0) else b[1]
    return [(given[0][0] if len(given) > 8 and given[8] else _FLOAT, (rows, columns))]


def _attention(node: Any, given: list[Any]) -> list[Kind | None]:
    """Data (batch, tokens, width), weight (width, 3 hidden)."""
    (kind, (batch, tokens, _)), (_, weight) = given[0], given[1]
    sizes = _get(node, "qkv_hidden_sizes", None)
    return [(kind, (batch, tokens, sizes[2] if sizes else weight[1] // 3))]


def _quantised_attention(node: Any, given: list[Any]) -> list[Kind | None]:
    return [(_FLOAT, _attention(node, given)[0][1])]  # type: ignore[index]


def _recurrent(node: Any, given: list[Any]) -> list[Kind | None]:
    """Data (steps, batch, inputs), weight, recurrence (directions, units, 4 units)."""
    (kind, (steps, batch, _)), (directions, units, _) = given[0], given[2][1]
    state = (kind, (directions, batch, units))
    return [(kind, (steps, directions, batch, units)), state, state]


def _multi_head(node: Any, given: list[Any]) -> list[Kind | None]:
    """Query (batch, tokens, width), key, value; value may be 4-D (batch, heads, tokens, size)."""
    kind, query = given[0]
    value = given[2][1] if len(given) > 2 and given[2] else query
    width = value[1] * value[3] if len(value) == 4 else value[-1]
    return [(kind, (*query[:2], width))]


def _grouped(node: Any, given: list[Any]) -> list[Kind | None]:
    kind, query = given[0]
    heads, kv = _get(node, "num_heads", 1), _get(node, "kv_num_heads", 1)
    packed = len(given) < 2 or given[1] is None
    size = query[-1] // (heads + 2 * kv) if packed else query[-1] // heads
    past = given[3][1][2] if len(given) > 3 and given[3] else 0
    cache = (kind, (query[0], kv, past + query[1], size))
    return [(kind, (*query[:2], heads * size)), cache, cache]


def _skip_norm(node: Any, given: list[Any]) -> list[Kind | None]:
    return [given[0], None, None, given[0]]


def _embedding(node: Any, given: list[Any]) -> list[Kind | None]:
    """Token ids (batch, tokens), segment ids, word embedding."""
    table = given[2]
    return [(table[0], (*given[0][1], table[1][1]))]


def _average_pool(node: Any, given: list[Any]) -> list[Kind | None]:
    kind, shape = given[0]
    kernel = _get(node, "kernel_shape", [])
    spatial = len(shape) - 2
    strides = _get(node, "strides", [1] * spatial)
    pads = _get(node, "pads", [0] * 2 * spatial)
    up = _get(node, "ceil_mode", 0)
    sides = [
        (s + pads[i] + pads[i + spatial] - kernel[i] + (strides[i] - 1 if up else 0)) // strides[i] + 1
        for i, s in enumerate(shape[2:])
    ]
    return [(kind, (*shape[:2], *sides))]


def _global_pool(node: Any, given: list[Any]) -> list[Kind | None]:
    kind, shape = given[0]
    return [(kind, (*shape[:2], *(1 for _ in shape[2:])))]


def _concat(node: Any, given: list[Any]) -> list[Kind | None]:
    """Scale and zero point of the output, then data, scale and zero point of each operand."""
    parts = given[2::3]
    if None in parts:
        return []  # known in a later turn
    axis = _get(node, "axis", 0)
    shape = list(parts[0][1])
    shape[axis] = sum(part[1][axis] for part in parts)
    return [(parts[0][0], tuple(shape))]


def _convolution(node: Any, given: list[Any]) -> list[Kind | None]:
    kind, shape = given[0]
    weight = given[1][1]
    spatial = len(shape) - 2
    strides, dilations = _get(node, "strides", [1] * spatial), _get(node, "dilations", [1] * spatial)
    pads = _get(node, "pads", [0] * 2 * spatial)
    sides = [
        (s + pads[i] + pads[i + spatial] - dilations[i] * (weight[2 + i] - 1) - 1) // strides[i] + 1
        for i, s in enumerate(shape[2:])
    ]
    return [(kind, (shape[0], weight[0], *sides))]


def _quantised(node: Any, given: list[Any]) -> list[Kind | None]:
    zero = given[2] if len(given) > 2 else None
    return [(zero[0] if zero else _UINT8, given[0][1])]


def _dequantised(node: Any, given: list[Any]) -> list[Kind | None]:
    return [(given[1][0] if len(given) > 1 and given[1] else _FLOAT, given[0][1])]


RULES: dict[str, Rule] = {
    **dict.fromkeys(
        (
            *("Gelu", "FastGelu", "BiasGelu", "QuickGelu", "BiasSoftmax", "SkipGroupNorm", "GroupNorm"),
            *("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "RotaryEmbedding", "Inverse"),
            *("SimplifiedLayerNormalization", "BiasAdd"),
        ),
        _same,
    ),
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), _broadcast),
    **dict.fromkeys(
        ("FusedMatMul", "TransposeMatMul", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "FusedGemm"),
        _product,
    ),
    **dict.fromkeys(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), _skip_norm),
    "MatMulNBits": _matmul_n_bits,
    "QGemm": _qgemm,
    "Attention": _attention,
    "QAttention": _quantised_attention,
    "DynamicQuantizeLSTM": _recurrent,
    "MultiHeadAttention": _multi_head,
    "GroupQueryAttention": _grouped,
    "EmbedLayerNormalization": _embedding,
    "QLinearAveragePool": _average_pool,
    "QLinearGlobalAveragePool": _global_pool,
    "QLinearConcat": _concat,
    "FusedConv": _convolution,
    "QuantizeLinear": _quantised,
    "DequantizeLinear": _dequantised,
}
