"""Steps in memory between the places of an array, as PyTorch keeps them."""

from __future__ import annotations

from typing import TypeAlias

Dims: TypeAlias = tuple[int, ...]


def contiguous(dims: Dims) -> Dims:
    """Strides of rows one after another."""
    strides, step = [0] * len(dims), 1
    for axis in range(len(dims) - 1, -1, -1):
        strides[axis] = step
        step *= max(dims[axis], 1)
    return tuple(strides)


def is_contiguous(dims: Dims, strides: Dims) -> bool:
    """Whether rows stand one after another; the stride of an axis of one place says nothing."""
    step = 1
    for axis in range(len(dims) - 1, -1, -1):
        if dims[axis] != 1:
            if strides[axis] != step:
                return False
            step *= dims[axis]
    return True


def permuted(values: Dims, order: Dims) -> Dims:
    """Axes in another order."""
    return tuple([values[axis] for axis in order])


def channels_last(dims: Dims) -> Dims:
    """Strides of a map whose channels stand side by side."""
    return (*(s * dims[1] for s in contiguous((dims[0], *dims[2:]))[:1]), 1, *_places(dims))


def _places(dims: Dims) -> Dims:
    return tuple(s * dims[1] for s in contiguous(dims[2:]))


def is_channels_last(dims: Dims, strides: Dims) -> bool:
    """Whether channels stand side by side, and rows not."""
    if len(dims) < 4 or is_contiguous(dims, strides):
        return False
    order = (0, *range(2, len(dims)), 1)
    return is_contiguous(permuted(dims, order), permuted(strides, order))


def viewed(dims: Dims, strides: Dims, wanted: Dims) -> Dims | None:
    """Strides of the same elements under another shape; None where they must be copied."""
    if 0 in dims:
        return contiguous(wanted)
    made = [0] * len(wanted)
    axis, step, elements, taken = len(wanted) - 1, strides[-1] if strides else 1, 1, 1
    for i in range(len(dims) - 1, -1, -1):
        elements *= dims[i]
        joins = i > 0 and (dims[i - 1] == 1 or strides[i - 1] == elements * step)
        if joins:
            continue
        while axis >= 0 and (taken < elements or wanted[axis] == 1):
            made[axis] = taken * step
            taken *= wanted[axis]
            axis -= 1
        if taken != elements:
            return None
        if i > 0:
            step, elements, taken = strides[i - 1], 1, 1
    while axis >= 0 and wanted[axis] == 1:
        made[axis] = taken * step
        axis -= 1
    return tuple(made) if axis < 0 else None


def dense_like(dims: Dims, strides: Dims) -> Dims:
    """Strides without gaps in the order of others, as an operation element by element gives them."""
    if is_contiguous(dims, strides):
        return contiguous(dims)
    order = sorted(range(len(dims)), key=lambda axis: (-strides[axis], axis))
    if any(strides[axis] == 0 and dims[axis] > 1 for axis in order):
        return contiguous(dims)
    packed = contiguous(permuted(dims, tuple(order)))
    dense = [0] * len(dims)
    for place, axis in enumerate(order):
        dense[axis] = packed[place]
    return tuple(dense)


def distinct(dims: Dims, strides: Dims) -> int:
    """Elements that are apart in memory; an axis of stride 0 repeats them."""
    total = 1
    for size, stride in zip(dims, strides, strict=True):
        if stride:
            total *= size
    return total
