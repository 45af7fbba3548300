"""`archcast suggest` and `adapt`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archcast.cli.fallback import leave_run
from archcast.cli.inputs import FORMATS, Notation, Strict, given_architectures
from archcast.cli.output import METRIC_HELP, Json, print_record, print_records
from archcast.cli.samples import SamplesFile, given_samples
from archcast.cli.to_measure import add_to_measure
from archcast.core.errors import InputError, PlaceError

if TYPE_CHECKING:
    from archcast.serving import AdaptedPredictor

Sources = Annotated[
    list[str] | None,
    typer.Option("--source", help="Source device to learn from, may be given several times; default all."),
]


def suggest(
    space: Annotated[str, typer.Option(help="Search space.")] = "",
    candidates: Annotated[
        list[str] | None, typer.Option("--candidate", help="A model file to choose from; may be repeated.")
    ] = None,
    n: Annotated[int, typer.Option("-n", help="How many architectures.", min=1)] = 10,
    source: Sources = None,
    samples: Annotated[
        str | None, typer.Option(help=f"File of what was measured already, to be built on: {FORMATS}.")
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", "-d", help="Leave this device out of the sources.")
    ] = None,
    notation: Notation = None,
    seed: Annotated[int, typer.Option(help="Seed of the draw of candidates.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--csv", help="CSV file to write, its values left blank; one that is there is added to."
        ),
    ] = None,
    onnx: Annotated[
        Path | None,
        typer.Option(help="With --space network: folder for published networks to measure, as model files."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Name the architectures to measure first on a new device, in order.

    Examples:
    archcast suggest --space nasbench201 -n 10 --csv measured.csv
    archcast suggest --space network -n 10 --onnx models
    archcast suggest -n 3 --candidate a.onnx --candidate b.onnx --candidate c.onnx --candidate d.onnx
    """
    from archcast.featurize.spaces import SPACES
    from archcast.serving import suggest as choose

    if bool(space) == bool(candidates):
        raise InputError("either --space or --candidate must be given, and not both")
    if candidates or space == "network":
        from archcast.cli.suggest_networks import suggested_files

        known = None if samples is None else given_architectures(None, samples, "samples").archs
        texts = suggested_files(candidates, n, folder=onnx, sources=source, measured=known, device=device)
        if out is not None:
            add_to_measure(out, texts)
        print_records([{"arch": text, "value": ""} for text in texts], as_json=as_json)
        return
    if onnx is not None:
        raise InputError("--onnx goes with --space network: it is where published networks are written")
    measured = None
    if samples is not None:
        known_archs = given_architectures(None, samples, "samples", space=space, notation=notation)
        with known_archs.naming():
            measured = SPACES[space].parse(known_archs.archs)
    archs = choose(space, n, source, seed=seed, measured=measured, device=device)

    def written(given: Sequence[Any]) -> list[str]:
        return SPACES[space].to_text(SPACES[space].parse(given))

    texts = written(archs)
    if out is not None:
        add_to_measure(out, texts, written)
    print_records([{"arch": text, "value": ""} for text in texts], as_json=as_json)


def adapt(
    device: Annotated[str, typer.Option("--device", "-d", help="Name for the new device.")],
    samples: SamplesFile,
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    space: Annotated[str | None, typer.Option(help="Search space; inferred when left out.")] = None,
    source: Sources = None,
    family: Annotated[
        list[str] | None,
        typer.Option(
            help="For accuracy: candidate predictor, may be given several times; default all but networks."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Data set the networks are built for; default what the samples say, else the space's first."
        ),
    ] = None,
    notation: Notation = None,
    save: Annotated[bool, typer.Option(help="Keep it, so that archcast predict knows the device.")] = True,
    track: Annotated[
        bool, typer.Option(help="Leave a run in MLflow, which takes it several seconds.")
    ] = False,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Learn a predictor of a new device from a few measurements of it.

    The column arch may hold architectures of a space, or paths of model files; a device learned from model
    files answers for any network.

    Example: archcast adapt --device my-board --samples measured.csv
    """
    from archcast.serving import AdaptedPredictor
    from archcast.serving import adapt as learn

    given = given_samples(samples, device, metric, space, dataset)
    with given.naming():
        adapted = learn(
            *(given.archs, given.values, device, metric, given.space, source, seed, given.dataset),
            families=family,
            notation=notation,
            strict=strict,
        )
    record: dict[str, Any] = {
        "device": device,
        "metric": metric,
        "unit": adapted.entry.unit,
        "space": adapted.entry.space,
        "dataset": adapted.entry.dataset,
        "measurements": adapted.card.rows,
        "predictor": adapted.entry.predictor,
        "folder": None,
        "next": f"archcast predict ARCH --device {device} --metric {metric}",
    }
    fault = None
    if save:
        try:
            record["folder"] = str(adapted.save())
        except PlaceError as error:  # what was learned is shown first
            fault = error
    print_record(record, as_json=as_json)
    if fault is not None:
        raise fault
    if not track:
        return
    if not isinstance(adapted, AdaptedPredictor):
        raise InputError("--track is for architectures of a space: runs of networks are not tracked")
    leave_run(track, lambda: _tracked(adapted, seed))


def _tracked(made: AdaptedPredictor, seed: int) -> str:
    """Leave a run in MLflow; the sentence that tells of it."""
    from archcast.training.tracking.adapted import track_adapted

    run = track_adapted(made.model, made.measured, sources=made.sources, card=made.card, seed=seed)
    return f"run {run.run_id} in experiment {run.experiment}; compare with archcast ui"
