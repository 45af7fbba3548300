"""Accuracies of many networks by training, kept one by one in the measurement store."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from archcast.collect.accuracy.images import ImageData, load_images
from archcast.collect.accuracy.protocol import TrainingProtocol
from archcast.collect.measure.facts import machine_facts
from archcast.collect.rows import environment_json
from archcast.collect.store import MeasurementStore
from archcast.core.arrays import Codes
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.network import Network
from archcast.core.optional import require
from archcast.featurize.spaces import Space

if TYPE_CHECKING:
    from archcast.collect.accuracy.train import Trained

SOURCE = "archcast collect accuracy"
ACCELERATORS = ("cpu", "cuda")
_KNOWN = ("ok", "failed")
"""Statuses of rows that a run does not make again."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a run has just done.

    Attributes:
        done: networks of this run that are finished; 0 at the start.
        total: networks that this run has to train.
        kept: networks that the store had already.
        arch: the network's text; empty at the start.
        accuracy: mean over the seeds, in %; None when training failed.
        failure: why it failed.
    """

    done: int
    total: int
    kept: int
    arch: str = ""
    accuracy: float | None = None
    failure: str = ""


def collect_accuracy(
    space: Space,
    codes: Codes,
    *,
    data: str = "digits",
    dataset: str | None = None,
    protocol: TrainingProtocol | None = None,
    accelerator: str = "cpu",
    workers: int = 1,
    store: MeasurementStore | None = None,
    again: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> int:
    """Train networks and append a measurement of each; the number of those that have an accuracy.

    The value is the mean accuracy over the protocol's seeds, the spread its standard deviation over them.
    A network whose training fails with any seed becomes a row of status `failed` with the reason. Rows that
    the store has are not made again. A run that was cut off loses at most the networks in training.

    Args:
        codes: the networks, as codes.
        data: the images, see `archcast.collect.accuracy.images`.
        dataset: the space's data set that the networks are built for (side, channels, classes); default
            the space's first.
        accelerator: `cpu` or `cuda`.
        workers: processes, of one thread each.
        again: train all networks, also those that the store has.

    Shapes:
        codes: (n, k)

    Raises:
        InputError: its networks read no images, the images do not fit its networks, there is no CUDA
            device, or the store's accuracies were reached under another protocol or on other images.
    """
    protocol = protocol or TrainingProtocol()
    dataset = space.check_dataset(dataset)
    _check_accelerator(accelerator, workers)
    if not space.counts_nodes:
        raise InputError(f"the networks of {space.name} cannot be trained here: they read no images")
    first = space.network(codes[0], dataset)
    (_, channels, side, _), (_, classes) = (first.values[v].dims for v in (*first.inputs, *first.outputs))
    images = load_images(data, protocol, shape=(channels, side), classes=classes)
    store = store or MeasurementStore()
    identity: dict[str, Any] = {"protocol": asdict(protocol), "data": images.facts()}
    had = set() if again else _had(store, space.name, dataset, identity)
    texts = dict(zip(space.to_text(codes), codes, strict=True))
    todo = {text: code for text, code in texts.items() if text not in had}
    report = progress or (lambda _: None)
    report(Progress(0, len(todo), len(texts) - len(todo)))
    row = {"space": space.name, "device": "", "metric": "accuracy", "dataset": dataset, "source": SOURCE}
    row["environment"] = environment_json(identity | _machine(accelerator))
    networks = ((text, space.network(code, dataset)) for text, code in todo.items())
    good = 0
    with store:
        for i, (text, trained) in enumerate(
            _all_trained(networks, images, protocol, accelerator, workers), start=1
        ):
            outcome = _summary(trained)
            store.append([row | outcome | {"arch": text, "time": datetime.now(UTC)}])
            good += outcome["status"] == "ok"
            report(Progress(i, len(todo), len(texts) - len(todo), text, outcome["value"], outcome["note"]))
    return good


def _check_accelerator(accelerator: str, workers: int) -> None:
    torch = require("torch", extra="train", purpose="training networks")
    if accelerator not in ACCELERATORS:
        raise UnknownNameError("accelerator", accelerator, ACCELERATORS)
    if accelerator == "cuda" and not torch.cuda.is_available():
        raise InputError("accelerator must be cpu here, because torch finds no CUDA device, got 'cuda'")
    if workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}")


def _machine(accelerator: str) -> dict[str, Any]:
    """Facts of the machine that do not change from row to row."""
    torch = require("torch", extra="train", purpose="training networks")
    facts = machine_facts()
    machine = {name: facts[name] for name in ("processor", "architecture", "system", "python", "versions")}
    machine |= {"threads": 1, "precision": "fp32", "accelerator": accelerator}
    if accelerator == "cuda":
        machine["accelerator_name"] = torch.cuda.get_device_name()
    return machine


def _had(store: MeasurementStore, space: str, dataset: str, identity: dict[str, Any]) -> set[str]:
    """Texts of networks that need no training; raise InputError when they cannot be compared with ours."""
    table = store.to_table(space=space, device="", metric="accuracy", dataset=dataset)
    columns = [table[name].to_pylist() for name in ("arch", "status", "source", "environment")]
    rows = [row for row in zip(*columns, strict=True) if row[2] == SOURCE]
    for text in {environment for _, _, _, environment in rows}:
        there = json.loads(text)
        for part, own in identity.items():
            for name, value in own.items():
                before = there.get(part, {}).get(name)
                if before != value:
                    raise InputError(
                        f"accuracies of {space} on {dataset} in {store.folder} were reached with {part} "
                        f"{name}={before!r} and do not compare with {name}={value!r}: "
                        "keep them apart by another ARCHCAST_HOME"
                    )
    return {arch for arch, status, _, _ in rows if status in _KNOWN}


def _summary(trained: Sequence[Trained]) -> dict[str, Any]:
    """Columns of a row from the trainings of one network."""
    failures = [one.failure for one in trained if one.failure]
    values = [one.accuracy for one in trained if one.accuracy is not None]
    if failures:
        return {"value": None, "spread": None, "repeats": len(trained), "status": "failed"} | {
            "note": "; ".join(failures)
        }
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    value = float(np.mean(values))
    return {"value": value, "spread": spread, "repeats": len(values), "status": "ok", "note": ""}


_Outcome = tuple[str, list["Trained"]]


def _all_trained(
    networks: Iterator[tuple[str, Network]],
    data: ImageData,
    protocol: TrainingProtocol,
    accelerator: str,
    workers: int,
) -> Iterator[_Outcome]:
    """Each network's trainings, in the order in which they end."""
    if workers == 1:
        for text, network in networks:
            yield text, _train_all_seeds(network, data, protocol, accelerator)
        return
    context = multiprocessing.get_context("spawn")  # a forked torch may hang
    with ProcessPoolExecutor(workers, context, _set_up, (data, protocol, accelerator)) as pool:
        try:
            waiting = {pool.submit(_train_here, network): text for text, network in networks}
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool as error:
            raise InputError(
                "workers must be able to start: one ended before it had trained, as it does without memory "
                "left, or where a script does its work outside if __name__ == '__main__'"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


_here: dict[str, Any] = {}
"""What a worker process trains with; sent once, because images may be many."""


def _set_up(data: ImageData, protocol: TrainingProtocol, accelerator: str) -> None:
    _here.update(data=data, protocol=protocol, accelerator=accelerator)


def _train_here(network: Network) -> list[Trained]:
    return _train_all_seeds(network, **_here)


def _train_all_seeds(
    network: Network, data: ImageData, protocol: TrainingProtocol, accelerator: str
) -> list[Trained]:
    from archcast.collect.accuracy.train import train_network

    return [
        train_network(network, data, protocol, seed=seed, accelerator=accelerator)
        for seed in range(protocol.seeds)
    ]
