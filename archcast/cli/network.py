"""`archcast network`: what a model file holds and costs by its shapes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from archcast.cli.output import Json, print_record, print_records
from archcast.core.errors import InputError, shorten
from archcast.core.network import Network
from archcast.core.pairs import numbers_of, shape_of, shapes_of

Input = Annotated[
    list[str] | None,
    typer.Option("--input", help="Shape of an input, name=1x3x224x224; may be repeated."),
]
Bind = Annotated[
    list[str] | None, typer.Option(help="Number for an open dimension, tokens=384; may be repeated.")
]
Example = Annotated[
    list[str] | None, typer.Option(help="Shape of a torch module's input, 1x3x224x224; one an input.")
]


def network(
    model: Annotated[str, typer.Argument(help="An .onnx file, or package.module:factory of a torch module.")],
    batch: Annotated[int, typer.Option(help="Number for open first dimensions.", min=1)] = 1,
    inputs: Input = None,
    bind: Bind = None,
    example: Example = None,
    runtime: Annotated[
        str, typer.Option(help="What joins nodes into kernels: eager, onnxruntime, tflite or compiled.")
    ] = "onnxruntime",
    n: Annotated[int, typer.Option("--kernels", help="How many of the dearest kernels to list.", min=0)] = 10,
    strict: Annotated[bool, typer.Option(help="Refuse operators that are not understood.")] = False,
    svg: Annotated[Path | None, typer.Option(help="Draw it to this .svg, repeated blocks once.")] = None,
    as_json: Json = False,
) -> None:
    """Count a network: parameters, multiply-adds, bytes, memory, the dearest kernels, what is not understood.

    Example: archcast network model.onnx --input image=1x3x224x224
    """
    from archcast.featurize.kernels import dearest, kernels

    net = read(model, batch=batch, inputs=inputs or (), bind=bind or (), example=example or ())
    summary = net.summary()
    if strict and summary.unknown:
        raise InputError(f"operators not understood: {', '.join(summary.unknown)}")
    if svg is not None:
        _draw(net, runtime, svg)
    fused = kernels(net, runtime)
    total_macs, total_bytes = max(summary.macs, 1), max(sum(k.bytes for k in fused), 1)
    records = [
        {
            "kernel": k.kind,
            "operators": _short(k.operators),
            "part": k.part,
            "macs": k.macs,
            "share of macs": f"{k.macs / total_macs:.1%}",
            "bytes": k.bytes,
            "share of bytes": f"{k.bytes / total_bytes:.1%}",
        }
        for k in dearest(fused, n)
    ]
    if as_json:
        print_record(summary.to_dict() | {"kernels": len(fused), "dearest": records}, as_json=True)
        return
    typer.echo(str(summary))
    typer.echo(f"{'kernels':<16}{len(fused):,} ({runtime})")
    if records:
        print_records(records, as_json=False)


def _draw(net: Network, runtime: str, path: Path) -> None:
    """Write the drawing of a network.

    Raises:
        InputError: the name does not end in .svg, or the file cannot be written.
    """
    from archcast.core.files import atomic_write
    from archcast.featurize.drawing.svg import drawing

    if path.suffix != ".svg":
        raise InputError(f"--svg must name a file that ends in .svg, got {shorten(str(path))}")
    text = drawing(net, runtime)
    try:
        with atomic_write(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error}") from error
    typer.echo(f"archcast: drawn to {path}", err=True)


def read(
    model: str, *, batch: int, inputs: Sequence[str], bind: Sequence[str], example: Sequence[str]
) -> Network:
    """The network that the words of a command name.

    Raises:
        InputError: a word is not of its form, or there is no such model.
    """
    from archcast.featurize.networks import ENDINGS
    from archcast.featurize.networks import read_network as of

    shapes, dims = shapes_of(inputs, "--input"), numbers_of(bind, "--bind")
    path = Path(model)
    if not path.exists() and ":" in model and not model.endswith(ENDINGS):
        if not example:
            raise InputError("--example must give the shape of a torch module's input, such as 1x3x224x224")
        given = tuple(shape_of(text) for text in example)
        of_input = given[0] if len(given) == 1 else given
        return of(_made(model), batch=batch, example=of_input, inputs=shapes, dims=dims)
    if example:
        raise InputError("--example is for torch modules: name the shapes of a file's inputs by --input")
    return of(path, batch=batch, inputs=shapes, dims=dims)


def _made(name: str) -> Any:
    """What `package.module:factory` gives; the folder in which the command runs is looked at first."""
    module, _, factory = name.partition(":")
    sys.path.insert(0, "")
    try:
        model = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"{shorten(name)} must name a file, or a function as package.module:name: {error}"
        ) from error
    finally:
        sys.path.remove("")
    return model() if callable(model) and not hasattr(model, "forward") else model


def _short(operators: Sequence[str]) -> str:
    shown = " ".join(operators[:4])
    return shown if len(operators) <= 4 else f"{shown} +{len(operators) - 4}"
