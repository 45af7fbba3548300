"""Which networks `archcast collect` measures: members of a space, model files, or torch modules."""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archcast.cli.inputs import FORMATS
from archcast.cli.network import read
from archcast.cli.networks import chosen_networks
from archcast.core.errors import InputError, shorten

if TYPE_CHECKING:
    from archcast.collect.measure.devices import MeasuredDevice
    from archcast.collect.measure.network_request import NetworkSource
    from archcast.collect.measure.request import Request
    from archcast.core.network import Network

Space = Annotated[str | None, typer.Option(help="Search space of the networks.")]
Number = Annotated[int | None, typer.Option(help="Measure so many networks drawn at random.", min=1)]
Archs = Annotated[
    str | None,
    typer.Option(help=f"Measure the networks of this file: {FORMATS}."),
]
Onnx = Annotated[
    list[str] | None,
    typer.Option(help="Measure model files instead: a path or a pattern, 'models/*.onnx'; may be repeated."),
]
Torch = Annotated[
    list[str] | None,
    typer.Option(help="Measure a torch module instead: package.module:factory; may be repeated."),
]
Batch = Annotated[
    int | None, typer.Option(help="Number for open first dimensions; the device's by default.", min=1)
]
Dataset = Annotated[str | None, typer.Option(help="Data set the networks of a space are built for.")]
Metric = Annotated[
    list[str] | None,
    typer.Option(help="latency (default), throughput, memory or energy; may be given several times."),
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the words of the command say is to be measured; see the options for what each means."""

    space: str | None
    n: int | None
    archs: str | None
    seed: int
    dataset: str | None
    metric: Sequence[str] | None
    onnx: Sequence[str] | None
    torch: Sequence[str] | None
    batch: int | None
    inputs: Sequence[str] | None
    bind: Sequence[str] | None
    example: Sequence[str] | None
    notation: str | None

    def request(self, device: MeasuredDevice) -> Request:
        """What is to be measured on a device.

        Raises:
            InputError: words that do not go together, or none of the networks can be measured.
        """
        metrics = tuple(self.metric or ("latency",))
        files = {"--onnx": self.onnx, "--torch": self.torch}
        only_files = {"--batch": self.batch, "--input": self.inputs, "--bind": self.bind}
        if not any(files.values()):
            self._refuse({**only_files, "--example": self.example}, "--onnx or --torch")
            return self._of_space(device, metrics)
        of_spaces = {"--space": self.space, "--n": self.n, "--archs": self.archs, "--dataset": self.dataset}
        of_spaces |= {"--notation": self.notation}
        self._refuse(of_spaces, "networks of a space, not beside --onnx and --torch")
        if not self.torch:
            self._refuse({"--example": self.example}, "--torch")
        if not self.onnx:
            self._refuse(only_files, "--onnx")
        return self._of_networks(device, metrics)

    def _refuse(self, words: Mapping[str, object], goes_with: str) -> None:
        for word, value in words.items():
            if value:
                raise InputError(f"{word} goes with {goes_with}")

    def _of_space(self, device: MeasuredDevice, metrics: Sequence[str]) -> Request:
        from archcast.collect.measure.request import make_request
        from archcast.featurize.spaces import SPACES

        if self.space is None:
            raise InputError("either --space, --onnx or --torch must say which networks to measure")
        codes = chosen_networks(
            SPACES[self.space], self.n, self.archs, seed=self.seed, notation=self.notation
        )
        return make_request(self.space, codes, device=device, metrics=metrics, dataset=self.dataset)

    def _of_networks(self, device: MeasuredDevice, metrics: Sequence[str]) -> Request:
        from archcast.collect.measure.network_request import make_network_request
        from archcast.collect.networks import NetworkStore

        if self.batch not in (None, device.batch):
            raise InputError(
                f"--batch must be {device.batch} as the device {device.name} says, got {self.batch}: "
                f"a device that runs batches of more than 1 is named so, as this-host-ort-1t-b8"
            )
        sources = self._sources(device)
        return make_network_request(sources, device=device, metrics=metrics, keep_in=NetworkStore())

    def _sources(self, device: MeasuredDevice) -> list[NetworkSource]:
        """Those that can be measured; the others are told, and raised where there is no other."""
        from archcast.collect.measure.network_request import NetworkSource, check_source

        kept, refused = [], []
        for name, path, make in self._readers(device.batch):
            try:
                source = NetworkSource(make(), name, path)
                check_source(source, device)
            except InputError as error:
                refused.append(named(name, error))
            else:
                kept.append(source)
        if not kept:
            raise refused[0]
        for reason in refused:
            typer.echo(f"archcast: left out: {reason}", err=True)
        return kept

    def _readers(self, batch: int) -> list[tuple[str, Path | None, Callable[[], Network]]]:
        """Name, file and what reads it, of every network."""
        inputs, bind, example = self.inputs or (), self.bind or (), self.example or ()
        files = [path for pattern in self.onnx or () for path in matching(pattern)]

        def of_file(path: Path) -> Callable[[], Network]:
            items = batch if _with_weights(path) else 1
            return lambda: read(str(path), batch=items, inputs=inputs, bind=bind, example=())

        def of_module(name: str) -> Callable[[], Network]:
            return lambda: read(name, batch=1, inputs=(), bind=(), example=example)

        return [
            *((str(path), _with_weights(path), of_file(path)) for path in dict.fromkeys(files)),
            *((name, None, of_module(name)) for name in self.torch or ()),
        ]


def _with_weights(path: Path) -> Path | None:
    """The path, unless it is of a form that has no weights (ncnn's text)."""
    return None if path.suffix == ".param" else path


def named(name: str, error: InputError) -> InputError:
    """The error with the network's name in it."""
    return error if name in str(error) else InputError(f"{name}: {error}")


def matching(pattern: str) -> list[Path]:
    """Files that a path or pattern names, sorted.

    Raises:
        InputError: there is none.
    """
    is_path = Path(pattern).exists()
    names = [pattern] if is_path else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 - patterns from the root too
    if not names:
        raise InputError(f"--onnx must name a model file, and there is none at {shorten(pattern)}")
    return [Path(name) for name in names]
