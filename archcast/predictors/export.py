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

from archcast.core.arrays import Doubles, Floats
from archcast.core.errors import ArtifactError, InputError, UnknownNameError
from archcast.core.labels import Labels, target_key
from archcast.core.metric import METRICS
from archcast.predictors.agreement import ROWS, SEPARATE_SEED, Agreement, agreement, worst
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
from archcast.predictors.distill import DistillError, Teaching, answers_of, distil
from archcast.predictors.families.tabulated import Tabulated
from archcast.predictors.intervals import Intervals
from archcast.predictors.lowered.forms import CombinedForm, Form, SumForm, is_small
from archcast.predictors.lowered.link import Correct, selected
from archcast.predictors.lowered.make import exact_form
from archcast.predictors.lowered.onnx import check_equal, onnx_file
from archcast.predictors.lowered.onnx_graph import INPUT, OUTPUT

FORMS = ("arrays", "onnx")
ONNX_FORMAT = 1
_PROBES = 1000
_MOST_PRODUCTS = 20_000
"""Multiplications an architecture between hidden units, of which a student needs 16,384."""


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
    check_place(folder)
    quick = quickly(teacher.select((column,)), quality=manifest.card.quality, seed=seed)
    model, served, agreed = quick.predictor, quick.form, quick.agreement
    card = _card(teacher, manifest, column, model, agreed)
    if form == "arrays":
        intervals = _intervals(manifest.intervals, column, agreed)
        save(model, folder, card=card, intervals=intervals)
    else:
        write_folder(folder, _onnx_folder(model, served, card, agreed))
    return Export(folder, model, served.kind, agreed)


@dataclass(frozen=True, slots=True)
class Quick:
    """A predictor that is served from tables in another's place.

    Attributes:
        predictor: of the same targets; the other itself where it is served so.
        form: what is called.
        agreements: with the other, one a target.
    """

    predictor: Predictor
    form: SumForm | CombinedForm
    agreements: tuple[Agreement, ...]

    @property
    def agreement(self) -> Agreement:
        """That of all targets together: the worst of each figure."""
        return worst(self.agreements)


def quickly(
    teacher: Predictor,
    *,
    held_out: Labels | None = None,
    quality: Mapping[str, Mapping[str, float]] | None = None,
    teaching: Teaching | None = None,
    seed: int = 0,
) -> Quick:
    """The predictor of a fitted one's targets that answers from tables.

    A small space is written out; a family that lowers itself is kept; another is distilled, and its student
    judged by what was measured, see `archcast.predictors.agreement`.

    Args:
        held_out: measurements of the teacher's targets that it was not taught.
        quality: the teacher's known figures by target, for where there are none.
        seed: of a student's training.

    Raises:
        DistillError: the student is not good enough; the teacher is to be served.
    """
    kept = _kept(teacher)
    if kept is None or _is_heavy(kept):
        try:
            return _judged(distil(teacher, teaching=teaching, seed=seed), teacher, held_out, quality or {})
        except DistillError:
            if kept is None:
                raise
    return _judged(kept, teacher, held_out, quality or {})


def _judged(
    model: Predictor,
    teacher: Predictor,
    held_out: Labels | None,
    quality: Mapping[str, Mapping[str, float]],
) -> Quick:
    """An export that may stand in for its teacher, or DistillError."""
    columns = range(len(teacher.targets_))
    form = exact_form(model, tuple(columns))
    if form is None:
        raise ArtifactError(f"{model.family} of {model.space_.name} cannot be served as tables")
    codes = teacher.space_.sample(ROWS, seed=SEPARATE_SEED)
    exported, taught = answers_of(form.values, codes), answers_of(teacher.predict_checked, codes)
    measured = None
    if held_out is not None:
        given = held_out.codes
        measured = answers_of(form.values, given), answers_of(teacher.predict_checked, given)
    agreements = []
    for c in columns:
        key = target_key(teacher.targets_[c])
        agreed = agreement(
            exported[:, c],
            taught[:, c],
            measured=None if held_out is None or measured is None else _known(held_out, measured, c),
            known_error=quality.get(key, {}).get("mape", 0.0),
        )
        if not agreed.holds:
            raise DistillError(
                f"the student of {teacher.family} for {key} is refused, with {agreed}; "
                f"the teacher is served itself"
            )
        agreements.append(agreed)
    return Quick(model, form, tuple(agreements))


def _known(held_out: Labels, measured: tuple[Floats, Floats], column: int) -> tuple[Doubles, Floats, Floats]:
    """Measured values of a target, and what export and teacher say of them."""
    truth = held_out.values[:, column]
    known = np.isfinite(truth)
    return truth[known], measured[0][known, column], measured[1][known, column]


def _is_heavy(model: Predictor) -> bool:
    """Whether a predictor's own networks take longer than a student would."""
    lowered = model.lower()
    if lowered is None:
        return False
    link = selected(lowered.link, tuple(range(len(model.targets_))))
    corrections = (o.correction for o in link if isinstance(o, Correct))
    return any(correction.products > _MOST_PRODUCTS for correction in corrections)


def _kept(teacher: Predictor) -> Predictor | None:
    """The teacher's own answers or weights; None where only a student can be quick."""
    if is_small(teacher.space_) and not isinstance(teacher, Tabulated):
        return Tabulated.of(teacher)
    columns = tuple(range(len(teacher.targets_)))
    return None if exact_form(teacher, columns) is None else teacher


def check_place(folder: Path) -> None:
    """Raise InputError for a folder that holds something else than an earlier export."""
    if folder.exists() and (
        not folder.is_dir() or (any(folder.iterdir()) and not (folder / MANIFEST).is_file())
    ):
        raise InputError(f"folder {str(folder)!r} holds something else; name a new one or an earlier export")


def _card(teacher: Predictor, manifest: Manifest, column: int, model: Predictor, agreed: Agreement) -> Card:
    card, key = manifest.card, target_key(teacher.targets_[column])
    stands = model.family != teacher.family
    return replace(
        card,
        quality={k: v for k, v in card.quality.items() if k == key},
        ranges={k: v for k, v in card.ranges.items() if k == key},
        teacher=card.teacher or (teacher.family if stands else ""),
        teacher_sha256=manifest.sha256,
        agreement=agreed.to_json(),
    )


def _intervals(known: Intervals | None, column: int, agreed: Agreement) -> Intervals | None:
    """The teacher's widths for one target, wider by what 99 in 100 of the export's answers stay within."""
    if known is None:
        return None
    chosen = slice(column, column + 1)
    widths, sizes = known.widths[:, chosen].copy(), known.sizes[:, chosen]
    if known.logarithmic:
        widths += np.log1p(agreed.wide_difference) / sizes.min()
    elif agreed.wide_difference > 1e-6:
        return None  # a relative difference says nothing of a width in the metric's unit
    return Intervals(known.logarithmic, widths, known.rows[chosen], known.edges[:, chosen], sizes)


def _onnx_folder(model: Predictor, served: Form, card: Card, agreed: Agreement) -> dict[str, bytes]:
    space, target = model.space_, model.targets_[0]
    samples = space.sample(_PROBES, seed=SEPARATE_SEED + 1)
    content = onnx_file(served, samples)
    check_equal(served.values(samples), model.predict_checked(samples))
    manifest: dict[str, Any] = {
        "onnx_format": ONNX_FORMAT,
        "space": space.name,
        "metric": model.metric_,
        "unit": METRICS[model.metric_].unit,
        "device": target.device,
        "dataset": target.dataset,
        "input": _input(space.columns, space.cardinalities),
        "output": {"name": OUTPUT, "type": "float32", "shape": ["n", 1]},
        "card": card.to_json(),
        "agreement": agreed.to_json(),
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
