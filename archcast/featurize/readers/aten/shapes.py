"""What moves data: views, copies, parts, tables, padding, other sizes."""

from __future__ import annotations

from typing import Any

from archcast.featurize.readers.aten.base import argument, aten, dtype_of, function, is_tensor, like, positive

_END = 2**63 - 1


@aten(
    *("view", "_unsafe_view", "reshape", "_reshape_alias", "flatten", "unflatten", "squeeze", "unsqueeze"),
    *("view_as", "_reshape_copy", "ravel", "as_strided", "atleast_1d"),
)
def reshape(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """The same elements under another shape; strides that pick elements are none."""
    if out.numel() != args[0].numel() or out.dtype != args[0].dtype:
        return False
    r.write("Reshape", [args[0], r.constant(list(out.shape))], out)
    return True


@aten("permute", "transpose", "t", "numpy_T", "movedim", "swapaxes")
def transpose(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Axes in another order."""
    rank = len(args[0].shape)
    called = r.operation
    if called == "permute":
        order = [positive(a, rank) for a in argument(args, kwargs, 1, "dims")]
    elif called == "t":
        order = list(range(rank))[::-1]
    elif called == "transpose":
        order = list(range(rank))
        a, b = (positive(argument(args, kwargs, i, f"dim{i - 1}"), rank) for i in (1, 2))
        order[a], order[b] = b, a
    else:
        return False
    r.write("Transpose", [args[0]], out, perm=tuple(order))
    return True


@aten(
    *("clone", "contiguous", "detach", "alias", "lift_fresh", "dropout", "native_dropout", "positive"),
    *("feature_dropout", "view_as_real_copy", "resolve_conj", "resolve_neg", "alpha_dropout"),
)
def same(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """The data itself; a clone into another layout is a copy."""
    outs = out if isinstance(out, tuple) else (out,)
    if outs[0] is args[0]:
        return True
    if r.operation == "clone" and outs[0].stride() != args[0].stride():
        r.write("Identity", [args[0]], outs[0])
    else:
        r.same(outs[0], args[0])
    return True


@aten("expand", "broadcast_to", "expand_as")
def expand(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Axes of 1 repeated; nothing where the shape stays."""
    if tuple(out.shape) == tuple(args[0].shape):
        r.same(out, args[0])
    else:
        r.write("Expand", [args[0], r.constant(list(out.shape))], out)
    return True


@aten("slice", "narrow")
def slice_(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """From, to and by a step along one axis; nothing where all is taken."""
    if tuple(out.shape) == tuple(args[0].shape):
        r.same(out, args[0])
        return True
    axis = argument(args, kwargs, 1, "dim", 0)
    start, stop = argument(args, kwargs, 2, "start"), argument(args, kwargs, 3, "end")
    step = argument(args, kwargs, 4, "step", 1)
    start, stop = 0 if start is None else start, _END if stop is None else stop
    if r.operation == "narrow":
        start, stop, step = args[2], args[2] + args[3], 1
    r.write("Slice", [args[0], *(r.constant([v]) for v in (start, stop, axis, step))], out)
    return True


@aten("select")
def select(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """One place along an axis, which goes."""
    r.write("Gather", [args[0], r.constant(args[2])], out, axis=positive(args[1], len(args[0].shape)))
    return True


@aten("split", "split_with_sizes", "chunk", "unsafe_split", "unsafe_chunk")
def split(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Parts along an axis."""
    axis = positive(argument(args, kwargs, 2, "dim", 0), len(args[0].shape))
    sizes = [part.shape[axis] for part in out]
    r.emit("Split", [r.name(args[0]), r.constant(sizes)], [r.new(part) for part in out], axis=axis)
    return True


@aten("unbind")
def unbind(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Every place along an axis, which goes."""
    axis = positive(argument(args, kwargs, 1, "dim", 0), len(args[0].shape))
    shape = list(args[0].shape)
    shape[axis] = 1
    parts = [r.made(tuple(shape), dtype_of(args[0])) for _ in out]
    r.emit("Split", [r.name(args[0]), r.constant([1] * len(out))], parts, axis=axis)
    for name, tensor in zip(parts, out, strict=True):
        r.write("Squeeze", [name, r.constant([axis])], tensor)
    return True


@aten("cat", "concat", "concatenate")
def cat(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """One after another along an axis; empty ones that torch lets pass are left out."""
    axis = positive(argument(args, kwargs, 1, "dim", 0), len(out.shape))
    parts = [t for t in args[0] if len(t.shape) == len(out.shape)]
    r.write("Concat", [like(r, t, dtype_of(out)) for t in parts], out, axis=axis)
    return True


@aten("stack")
def stack(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Side by side along a new axis."""
    axis = positive(argument(args, kwargs, 1, "dim", 0), len(out.shape))
    parts = []
    for tensor in args[0]:
        shape = list(tensor.shape)
        shape.insert(axis, 1)
        made = r.made(tuple(shape), dtype_of(tensor))
        r.emit("Unsqueeze", [r.name(tensor), r.constant([axis])], [made])
        parts.append(made)
    r.write("Concat", parts, out, axis=axis)
    return True


@aten("copy", "fill", "zero")
def copied(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """A tensor overwritten by another, or by a number."""
    source: Any = args[1] if len(args) > 1 else 0.0
    name = like(r, source, dtype_of(out))
    if is_tensor(source) and tuple(source.shape) == tuple(out.shape):
        r.write("Identity", [name], out)
    else:
        r.write("Expand", [name, r.constant(list(out.shape))], out)
    return True


@aten("repeat", "tile")
def repeat(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """As often along each axis as told; new axes come first."""
    times = list(args[1])
    name, rank = r.name(args[0]), len(args[0].shape)
    if len(times) > rank:
        shape = [1] * (len(times) - rank) + list(args[0].shape)
        made = r.made(tuple(shape), dtype_of(args[0]))
        r.emit("Reshape", [name, r.constant(shape)], [made])
        name = made
    r.write("Tile", [name, r.constant(times)], out)
    return True


@aten("roll")
def roll(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Two parts change places, along each axis."""
    shifts, axes = args[1], argument(args, kwargs, 2, "dims", [])
    shifts = [shifts] if isinstance(shifts, int) else list(shifts)
    axes = [axes] if isinstance(axes, int) else list(axes)
    if not axes:
        return False
    name, shape, dtype = r.name(args[0]), list(args[0].shape), dtype_of(args[0])
    for shift, axis in zip(shifts, axes, strict=True):
        axis = positive(axis, len(shape))
        cut = -shift % shape[axis]
        if cut == 0:
            rolled = name
        else:
            parts = []
            for start, stop in ((cut, shape[axis]), (0, cut)):
                own = [*shape]
                own[axis] = stop - start
                made = r.made(tuple(own), dtype)
                r.emit("Slice", [name, *(r.constant([v]) for v in (start, stop, axis))], [made])
                parts.append(made)
            rolled = r.made(tuple(shape), dtype)
            r.emit("Concat", parts, [rolled], axis=axis)
        name = rolled
    r.write("Identity", [name], out)
    return True


@aten("flip")
def flip(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Axes backwards."""
    axes = list(args[1])
    count = len(axes)
    ends = [r.constant([v] * count) for v in (-1, -_END)]
    r.write("Slice", [args[0], *ends, r.constant(axes), r.constant([-1] * count)], out)
    return True


@aten(
    "constant_pad_nd", "pad", "reflection_pad2d", "reflection_pad1d", "replication_pad2d", "replication_pad3d"
)
def pad(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Last axis first, as torch tells them."""
    given, rank = list(args[1]), len(args[0].shape)
    before, after = [0] * rank, [0] * rank
    for i in range(len(given) // 2):
        before[rank - 1 - i], after[rank - 1 - i] = given[2 * i], given[2 * i + 1]
    called = r.operation
    mode = "reflect" if "reflection" in called else "edge" if "replication" in called else "constant"
    inputs = [r.name(args[0]), r.constant(before + after)]
    if mode == "constant":
        value = argument(args, kwargs, 2, "value", 0) or 0
        dtype = dtype_of(out)
        inputs.append(r.constant(float(value) if dtype.startswith(("float", "bfloat")) else value, dtype))
    r.write("Pad", inputs, out, mode=mode)
    return True


@aten("pixel_shuffle", "pixel_unshuffle")
def pixel_shuffle(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Channels to places, or back."""
    if len(out.shape) != 4:
        return False
    if r.operation == "pixel_shuffle":
        r.write("DepthToSpace", [args[0]], out, blocksize=args[1], mode="CRD")
        return True
    n, c, h, w = args[0].shape
    b, dtype = args[1], dtype_of(out)
    split_, moved = (n, c, h // b, b, w // b, b), (n, c, b, b, h // b, w // b)
    parts, turned = r.made(split_, dtype), r.made(moved, dtype)
    r.emit("Reshape", [r.name(args[0]), r.constant(list(split_))], [parts])
    r.emit("Transpose", [parts], [turned], perm=(0, 1, 3, 5, 2, 4))
    r.write("Reshape", [turned, r.constant(list(out.shape))], out)
    return True


@aten("channel_shuffle", "native_channel_shuffle")
def channel_shuffle(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Channels of all groups in turn."""
    n, c, *rest = args[0].shape
    groups, dtype = args[1], dtype_of(out)
    parts, turned = (
        r.made((n, groups, c // groups, *rest), dtype),
        r.made((n, c // groups, groups, *rest), dtype),
    )
    r.emit("Reshape", [r.name(args[0]), r.constant([n, groups, c // groups, *rest])], [parts])
    r.emit("Transpose", [parts], [turned], perm=(0, 2, 1, *range(3, 3 + len(rest))))
    r.write("Reshape", [turned, r.constant(list(out.shape))], out)
    return True


@aten("embedding")
def embedding(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Rows of a table."""
    r.write("Gather", [args[0], args[1]], out, axis=0)
    return True


@aten("index_select")
def index_select(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Places along an axis."""
    r.write("Gather", [args[0], args[2]], out, axis=positive(args[1], len(args[0].shape)))
    return True


@aten("index")
def index(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """By one tensor of whole numbers along one axis; by several at the first axes."""
    places = [(axis, t) for axis, t in enumerate(args[1]) if t is not None]
    if any(dtype_of(t) == "bool" for _, t in places):
        return False
    if len(places) == 1:
        axis, tensor = places[0]
        r.write("Gather", [args[0], tensor], out, axis=axis)
        return True
    if [axis for axis, _ in places] != list(range(len(places))):
        return False
    shape = tuple(out.shape)[: len(out.shape) - (len(args[0].shape) - len(places))]
    columns = []
    for _, tensor in places:
        wide, column = r.made(shape, "int64"), r.made((*shape, 1), "int64")
        r.emit("Expand", [like(r, tensor, "int64"), r.constant(list(shape))], [wide])
        r.emit("Unsqueeze", [wide, r.constant([len(shape)])], [column])
        columns.append(column)
    joined = r.made((*shape, len(places)), "int64")
    r.emit("Concat", columns, [joined], axis=len(shape))
    r.write("GatherND", [args[0], joined], out)
    return True


@aten("gather")
def gather(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Element by element along an axis."""
    r.write("GatherElements", [args[0], args[2]], out, axis=args[1])
    return True


@aten("scatter", "scatter_add", "scatter_reduce")
def scatter(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Element by element along an axis."""
    if not is_tensor(args[3]):
        return False
    reduction = "add" if r.operation.startswith("scatter_add") else "none"
    r.write("ScatterElements", [args[0], args[2], args[3]], out, axis=args[1], reduction=reduction)
    return True


@aten("tril", "triu")
def triangle(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Below or above a diagonal."""
    diagonal = r.constant(argument(args, kwargs, 1, "diagonal", 0))
    r.write("Trilu", [args[0], diagonal], out, upper=int(r.operation.startswith("triu")))
    return True


@aten(
    *("upsample_nearest2d", "upsample_bilinear2d", "upsample_bicubic2d", "upsample_nearest1d"),
    *("upsample_linear1d", "upsample_nearest3d", "upsample_trilinear3d", "_upsample_nearest_exact2d"),
    *("_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa"),
)
def resize(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """To given sides."""
    called = r.operation
    mode = "nearest" if "nearest" in called else "cubic" if "cubic" in called else "linear"
    corners = len(args) > 2 and args[2] is True
    attributes: dict[str, Any] = {"mode": mode}
    if mode == "nearest":
        attributes |= {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    else:
        attributes["coordinate_transformation_mode"] = "align_corners" if corners else "half_pixel"
    if called.endswith("_aa"):
        attributes["antialias"] = 1
    r.write("Resize", [r.name(args[0]), "", "", r.constant(list(out.shape))], out, **attributes)
    return True


@aten("grid_sampler_2d", "grid_sampler", "grid_sampler_3d")
def grid_sample(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """At places that are told."""
    mode = ("linear", "nearest", "cubic")[args[2]]
    padding = ("zeros", "border", "reflection")[args[3]]
    r.write("GridSample", args[:2], out, mode=mode, padding_mode=padding, align_corners=int(bool(args[4])))
    return True


@aten("zeros_like", "ones_like", "full_like", "new_zeros", "new_ones", "new_full", "new_empty", "empty_like")
def filled(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """A number everywhere; it depends on the shape alone."""
    called = r.operation
    value = 1 if "ones" in called else args[-1] if "full" in called else 0
    dtype = dtype_of(out)
    number = r.constant(float(value) if dtype.startswith(("float", "bfloat")) else value, dtype)
    r.write("Expand", [number, r.constant(list(out.shape))], out)
    return True


@function("one_hot")
def one_hot(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """As many places as told."""
    count = argument(args, kwargs, 1, "num_classes", -1)
    if count < 0:
        return False
    r.write("OneHot", [args[0], r.constant(count), r.constant([0, 1])], out)
    return True


@aten("unfold")
def unfold(r: Any, args: Any, kwargs: Any, out: Any) -> bool:
    """Windows along an axis, as a table of places."""
    _, axis, size, step = args
    axis = positive(axis, len(args[0].shape))
    count = (args[0].shape[axis] - size) // step + 1
    name = r.table((count, size), [i * step + j for i in range(count) for j in range(size)])
    shape = [*args[0].shape[:axis], count, size, *args[0].shape[axis + 1 :]]
    made = r.made(tuple(shape), dtype_of(out))
    r.emit("Gather", [r.name(args[0]), name], [made], axis=axis)
    rank = len(shape)
    order = [a for a in range(rank) if a != axis + 1] + [axis + 1]
    r.write("Transpose", [made], out, perm=tuple(order))
    return True
