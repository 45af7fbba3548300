"""A predictor of one device written out in the form in which it is served, with how well that agrees.

| form | what is written |
|---|---|
| `arrays` | a saved predictor of the one target, as `archcast.predictors.save` writes it |
| `onnx` | `model.onnx`, int8 codes (n, k) to float32 values (n, 1), and a manifest |

Small spaces are tabulated. Families that are sums over groups of decisions keep their weights, without
those of other targets. The others are distilled, see `archcast.predictors.distill`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.errors import ArtifactError, InputError, UnknownNameError
from archcast.core.labels import target_key
from archcast.core.metric import METRICS
from archcast.predictors.agreement import ROWS, Agreement, agreement
from archcast.predictors.artifact.card import Card
from archcast.predictors.artifact.manifest import (
    MANIFEST,
    Manifest,
    digest,
    file_entry,
    json_bytes,
    save,
    write_folder,
)
from archcast.predictors.contract import Predictor
from archcast.predictors.distill import answers_of, distil
from archcast.predictors.families.tabulated import Tabulated
from archcast.predictors.intervals import Intervals
from archcast.predictors.lowered.forms import Form, is_small
from archcast.predictors.lowered.make import exact_form
from archcast.predictors.lowered.onnx import check_equal, onnx_file
from archcast.predictors.lowered.onnx_graph import INPUT, OUTPUT

FORMS = ("arrays", "onnx")
ONNX_FORMAT = 1
_SEED = 20_000_000
"""Of the architectures on which an export is compared, apart from those that anything was drawn by."""
_PROBES = 1000


@dataclass(frozen=True, slots=True)
class Export:
    """What was written.

    Attributes:
        model: the predictor of one target that stands for the teacher.
        form: how it is served: `table` or `sums`.
        agreement: with the teacher.
    """

    folder: Path
    model: Predictor
    form: str
    agreement: Agreement


def export(
    teacher: Predictor,
    manifest: Manifest,
    column: int,
    folder: Path,
    *,
    form: str = "arrays",
    seed: int = 0,
) -> Export:
    """Write one target of a fitted predictor to `folder`, replacing an export that is there.

    Args:
        manifest: of the teacher; its card and intervals go with the export.
        form: `arrays` or `onnx`.
        seed: of a student's training.

    Raises:
        DistillError: the export agrees too little with its teacher.
        InputError: the folder holds something else, or the form is unknown.
    """
    if form not in FORMS:
        raise UnknownNameError("form", form, FORMS)
    _check_place(folder)
    made, served, found = standing_in(teacher, column, seed=seed)
    card = _card(teacher, manifest, column, made, found)
    if form == "arrays":
        intervals = _intervals(manifest.intervals, column, found)
        save(made, folder, card=card, intervals=intervals)
    else:
        write_folder(folder, _onnx_folder(made, served, card, found))
    return Export(folder, made, served.kind, found)


def standing_in(teacher: Predictor, column: int, *, seed: int = 0) -> tuple[Predictor, Form, Agreement]:
    """A predictor of one target that is served as arrays, its form, and how it agrees with its teacher."""
    space = teacher.space_
    made = _kept(teacher, column)
    found: Agreement | None = None
    if made is None:
        made, found = distil(teacher, column, seed=seed)
    served = exact_form(made, (0,))
    if served is None:
        raise ArtifactError(f"{made.family} of {space.name} cannot be served as tables")
    if found is None:
        codes = space.sample(ROWS, seed=_SEED)
        found = agreement(served.values(codes)[:, 0], answers_of(teacher, codes, column))
        if not found.holds:
            raise ArtifactError(f"the export of {teacher.family} must agree with it, got {found}")
    return made, served, found


def _kept(teacher: Predictor, column: int) -> Predictor | None:
    """The teacher's own answers or weights for one target; None where only a student can be quick."""
    selected = teacher.select((column,))
    if is_small(teacher.space_) and not isinstance(teacher, Tabulated):
        return Tabulated.of(selected)
    return None if exact_form(selected, (0,)) is None else selected


def _check_place(folder: Path) -> None:
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file())
    ):
        raise InputError(f"folder {str(folder)!r} holds something else; name a new one or an earlier export")


def _card(teacher: Predictor, manifest: Manifest, column: int, made: Predictor, found: Agreement) -> Card:
    card, key = manifest.card, target_key(teacher.targets_[column])
    stands = made.family != teacher.family
    return replace(
        card,
        quality={k: v for k, v in card.quality.items() if k == key},
        ranges={k: v for k, v in card.ranges.items() if k == key},
        teacher=card.teacher or (teacher.family if stands else ""),
        teacher_sha256=manifest.sha256,
        agreement=found.to_json(),
    )


def _intervals(known: Intervals | None, column: int, found: Agreement) -> Intervals | None:
    """The teacher's widths for one target, wider by what 99 in 100 of the export's answers stay within."""
    if known is None:
        return None
    chosen = slice(column, column + 1)
    widths, sizes = known.widths[:, chosen].copy(), known.sizes[:, chosen]
    if known.logarithmic:
        widths += np.log1p(found.wide_difference) / sizes.min()
    elif found.wide_difference > 1e-6:
        return None  # a relative difference says nothing of a width in the metric's unit
    return Intervals(known.logarithmic, widths, known.rows[chosen], known.edges[:, chosen], sizes)


def _onnx_folder(made: Predictor, served: Form, card: Card, found: Agreement) -> dict[str, bytes]:
    space, target = made.space_, made.targets_[0]
    samples = space.sample(_PROBES, seed=_SEED + 1)
    content = onnx_file(served, samples)
    check_equal(served.values(samples), made.predict_checked(samples))
    manifest: dict[str, Any] = {
        "onnx_format": ONNX_FORMAT,
        "space": space.name,
        "metric": made.metric_,
        "unit": METRICS[made.metric_].unit,
        "device": target.device,
        "dataset": target.dataset,
        "input": _input(space.columns, space.cardinalities),
        "output": {"name": OUTPUT, "type": "float32", "shape": ["n", 1]},
        "card": card.to_json(),
        "agreement": found.to_json(),
        "files": {"model.onnx": file_entry(content)},
    }
    manifest["sha256"] = digest(manifest)
    return {"model.onnx": content, MANIFEST: json_bytes(manifest)}


def _input(columns: tuple[str, ...], cardinalities: tuple[int, ...]) -> Mapping[str, Any]:
    return {
        "name": INPUT,
        "type": "int8",
        "shape": ["n", len(columns)],
        "columns": list(columns),
        "cardinalities": list(cardinalities),
    }
