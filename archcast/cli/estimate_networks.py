"""`archcast estimate` of model files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from archcast.cli.collect_networks import named
from archcast.cli.network import read
from archcast.cli.output import shown_progress
from archcast.core.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

    from archcast.collect.estimate import Target
    from archcast.collect.estimate.base import NetworkEstimate
    from archcast.core.network import Network

ESTIMATED = "what was estimated is kept; the same command goes on from there"


def is_file(word: str) -> bool:
    """Whether a word names a model file and no architecture."""
    from archcast.featurize.networks import ENDINGS

    return word.endswith(ENDINGS)


def read_files(
    words: Sequence[str], *, batch: int, inputs: Sequence[str], bind: Sequence[str]
) -> dict[str, Network]:
    """Networks of model files by the words that name them.

    Raises:
        InputError: a word names no file, or one that cannot be read.
    """
    for word in words:
        if not is_file(word):
            raise InputError(f"model files must not be mixed with architectures, got {word!r} beside them")
    networks = {}
    for word in words:
        try:
            networks[word] = read(word, batch=batch, inputs=inputs, bind=bind, example=())
        except InputError as error:
            raise named(word, error) from error
    return networks


def estimate_files(
    target: Target, networks: dict[str, Network], *, breakdown: bool, quiet: bool
) -> tuple[list[dict[str, Any]], pa.Table]:
    """Records to print and rows to keep of networks on a target; what it cannot do is told.

    Raises:
        InputError: a network cannot be estimated on the target; names it.
    """
    from archcast.collect.estimate import make_estimator
    from archcast.collect.estimate.kernel_estimates import estimate_kernels, kernel_rows
    from archcast.collect.estimate.records import breakdown as records_of

    estimator = make_estimator(target)
    estimates: dict[str, NetworkEstimate] = {}
    for name, network in networks.items():
        try:
            with shown_progress(f"{name} on {target.label}", hidden=quiet, kept=ESTIMATED) as report:
                estimates[name] = estimate_kernels(estimator, network, report)
        except InputError as error:
            raise named(name, error) from error
    records: list[dict[str, Any]] = []
    for name, estimate in estimates.items():
        _tell(name, estimate)
        records += records_of(name, estimate) if breakdown else [_record(name, estimate)]
    return records, kernel_rows(estimator, networks, estimates)


def _record(name: str, found: NetworkEstimate) -> dict[str, Any]:
    from archcast.collect.estimate.records import ENERGY, LATENCY

    costs = {LATENCY: found.latency_ms, ENERGY: found.energy_mj}
    return {"arch": name, "target": found.target} | costs | {"note": _lacking(found)}


def _lacking(found: NetworkEstimate) -> str:
    """What is not in the latency; empty where all of the network is."""
    from archcast.collect.estimate.kernel_estimates import fallbacks

    return "; ".join(why for why, share in fallbacks(found).items() if share is None)


def _tell(name: str, found: NetworkEstimate) -> None:
    from archcast.collect.estimate.kernel_estimates import fallbacks

    for why, share in fallbacks(found).items():
        of = "" if share is None else f", {share:.1%} of the latency"
        typer.echo(f"archcast: {name} on {found.target}: {why}{of}", err=True)
