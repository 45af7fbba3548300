"""Networks from ncnn's text, the `.param` file beside its weights.

A line a layer: type, name, how many blobs it reads and writes, their names, then numbered parameters; a
number of -23300 or less begins a list. Blobs have no batch: one of three dimensions is read as a map
(1, c, h, w), of two as (1, h, w), of one as (1, w). Layers are written as ONNX's operators and their shapes
inferred by ONNX's rules; a layer that has no such form keeps ncnn's name and is told as not understood.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from archcast.core.errors import InputError, UnknownNameError, shorten
from archcast.core.network import Network
from archcast.featurize.readers.ncnn_forms import FORMS
from archcast.featurize.readers.ncnn_layers import Layer, model_of_layers

MAGIC = "7767517"
MAX_BYTES = 64 * 2**20
_SHAPES = -23330


def read_ncnn(
    source: str | os.PathLike[str], *, inputs: Mapping[str, Sequence[int]] | None = None
) -> Network:
    """The network of a `.param` file.

    Args:
        source: its path.
        inputs: shapes of inputs by name, (c, h, w), (h, w) or (w,), where the file does not tell them.

    Raises:
        InputError: it is no such file, or a shape is missing or does not fit; names the line.
        UnknownNameError: a shape of an input that there is not.
    """
    from archcast.featurize.readers.onnx_graph import network_of
    from archcast.featurize.readers.onnx_infer import infer

    path = Path(source)
    try:
        layers = parse(_text(path))
        given = {name: tuple(shape) for name, shape in (inputs or {}).items()}
        there = {name for layer in layers if layer.kind == "Input" for name in layer.outputs}
        for name in given:
            if name not in there:
                raise UnknownNameError("input", name, there)
        return network_of(infer(model_of_layers(layers, given, FORMS), stated=True))
    except UnknownNameError:
        raise
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def parse(text: str) -> tuple[Layer, ...]:
    """The layers of a file's text.

    Raises:
        InputError: a line is not of the form; names it.
    """
    lines = text.splitlines()
    if not lines or lines[0].strip() != MAGIC:
        raise InputError(f"must be ncnn's text, whose first line is {MAGIC}")
    layers = []
    for number, line in enumerate(lines[2:], start=3):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        try:
            layers.append(_layer(words))
        except (ValueError, IndexError) as error:
            raise InputError(f"line {number} must be a layer of ncnn, got {shorten(line)}") from error
    return tuple(layers)


def _layer(words: list[str]) -> Layer:
    kind, name = words[:2]
    reads, writes = int(words[2]), int(words[3])
    if reads < 0 or writes < 0 or len(words) < 4 + reads + writes:
        raise ValueError("blobs")
    numbers: dict[int, float] = {}
    lists: dict[int, tuple[float, ...]] = {}
    for word in words[4 + reads + writes :]:
        key, equals, value = word.partition("=")
        if not equals:
            raise ValueError(word)
        if int(key) <= -23300:
            lists[int(key)] = tuple(float(v) for v in value.split(",")[1:])
        else:
            numbers[int(key)] = float(value)
    shapes = _shapes(lists.pop(_SHAPES, ()))
    known = {-23300 - key: row for key, row in lists.items()}
    blobs = words[4 : 4 + reads + writes]
    return Layer(kind, name, tuple(blobs[:reads]), tuple(blobs[reads:]), numbers, known, shapes)


def _shapes(row: tuple[float, ...]) -> tuple[tuple[int, ...], ...]:
    """Rows of dimensions, w, h and c, as shapes."""
    shapes = []
    for start in range(0, len(row) - 3, 4):
        rank, w, h, c = (int(v) for v in row[start : start + 4])
        shapes.append(((w,), (h, w), (c, h, w))[min(max(rank, 1), 3) - 1])
    return tuple(shapes)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"must have at most {MAX_BYTES} bytes, has {path.stat().st_size}")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError("must be ncnn's text: its binary form is not read") from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
