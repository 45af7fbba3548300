"""`archcast remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from archcast.cli.output import METRIC_HELP, Json, print_record


def remove(
    device: Annotated[str, typer.Argument(help="Device; for accuracy the data set.")],
    metric: Annotated[str, typer.Option(help=METRIC_HELP)] = "latency",
    space: Annotated[str | None, typer.Option(help="Search space, where there are several.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Data set, where there are several.")] = None,
    as_json: Json = False,
) -> None:
    """Remove a predictor of your own; what it took the place of answers again.

    Each call goes one step back, as far as "kept before" says, and at last to what ships.

    Example: archcast remove my-board
    """
    from archcast.predictors.artifact.versions import previous_versions
    from archcast.serving.replacing import remove as take_away

    gone, now = take_away(device, metric, space, dataset)
    answers = None if now is None else f"{now.predictor} ({now.origin}), from {now.card.rows} measurements"
    record = {
        "device": gone.device,
        "metric": metric,
        "space": gone.space,
        "removed": f"{gone.predictor}, from {gone.card.rows} measurements",
        "answers now": answers or "nothing",
        "kept before": len(previous_versions(gone.saved.folder)),
    }
    print_record(record, as_json=as_json)
