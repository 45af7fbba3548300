"""`archcast check`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.inputs import Notation, Strict
from archcast.cli.output import METRIC_HELP, Json, print_record, print_records
from archcast.cli.samples import GivenSamples, SamplesFile, given_samples

if TYPE_CHECKING:
    from archcast.serving.checking.check import Check
    from archcast.serving.checking.figures import Estimate

NOT_RIGHT = 1


def check(
    device: Annotated[
        str,
        typer.Option("--device", "-d", help="Device whose predictor is checked; for accuracy the data set."),
    ],
    samples: SamplesFile,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    space: Annotated[str | None, typer.Option(help="Search space; inferred when left out.")] = None,
    dataset: Annotated[
        str | None, typer.Option(help="Data set the networks are built for; default what the samples say.")
    ] = None,
    coverage: Annotated[float, typer.Option(help="Coverage of the intervals, 0.5 to 0.99.")] = 0.9,
    adapt: Annotated[
        bool, typer.Option("--adapt", help="Learn anew from the old and the new measurements, and keep it.")
    ] = False,
    notation: Notation = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Tell by a few new measurements whether a predictor is still right.

    Ends with 0 where it is right, with 1 where it is not, and with 2 where that cannot be told.

    Example: archcast check --device my-board --samples new.csv
    """
    from archcast.serving.checking.check import check as compare

    given = given_samples(samples, device, metric, space, dataset)
    with given.naming():
        checked = compare(
            *(given.archs, given.values, device, metric, given.space, given.dataset),
            coverage=coverage,
            notation=notation,
        )
    folder = None
    if adapt:
        with given.naming():
            adapted = checked.adapt(strict=strict)
        folder = str(adapted.save())
    if as_json:
        print_record(checked.record() | {"folder": folder}, as_json=True)
    else:
        _show(checked, given, folder)
    if not checked.right:
        raise typer.Exit(NOT_RIGHT)


def _show(found: Check, given: GivenSamples, folder: str | None) -> None:
    off = found.error_unit
    record: dict[str, Any] = {
        "verdict": found.verdict,
        "predictor": f"{found.metric} of {found.space} on {found.device} ({found.predictor})",
        "samples": f"{found.samples} of {found.architectures} architectures",
        "bias": _estimate(found.bias, off),
        "error": f"{found.error:.3g} {off}",
        "spearman": found.spearman,
        f"inside {found.expected:.0%}": None if found.coverage is None else _shares(found.coverage),
    }
    if found.learned is not None:
        then = found.learned
        basis = f"by {then.again} measured again" if then.by_pairs else "by the errors then and now"
        record["learned"] = f"from {then.samples} measurements, {then.error:.3g} % off on average"
        record["drift"] = f"{_estimate(then.drift, '%')}, {basis}"
    if folder is not None:
        record["folder"] = folder
    print_record(record, as_json=False)
    if found.misfits:
        print_records(
            [
                {
                    "arch": row["arch"],
                    "where": given.where(row["item"]),
                    "measured": row["value"],
                    "predicted": row["predicted"],
                    "low": row["low"],
                    "high": row["high"],
                    "factor": row["factor"],
                }
                for row in found.record()["misfits"]
            ],
            as_json=False,
            title="do not fit",
        )


def _estimate(found: Estimate, unit: str) -> str:
    return f"{found.value:+.3g} {unit} ({found.low:+.3g} to {found.high:+.3g})"


def _shares(found: Estimate) -> str:
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%} by so few)"
