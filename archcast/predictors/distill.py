"""A quick student of a slow predictor: a weighted sum of terms with a small network, taught its answers."""

from __future__ import annotations

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import InputError, NotFittedError
from archcast.core.labels import Labels, Target
from archcast.predictors.agreement import ROWS, Agreement, agreement
from archcast.predictors.contract import Predictor
from archcast.predictors.families.additive import Additive
from archcast.predictors.families.mlp import MLP, MLPConfig
from archcast.predictors.scale import TargetScale

TAUGHT = 60_000
"""Architectures whose answers the student is taught."""
_CHUNK = 8192
_SUMMED = 10_000
STUDENT = MLPConfig(
    hidden=192, members=1, epochs=30, batch=256, rate=3e-3, decay=1e-3, dropout=0.0, huber=1.0
)


class DistillError(InputError):
    """A student does not agree well enough with its teacher to be served in its place."""


def distil(
    teacher: Predictor,
    column: int,
    *,
    config: MLPConfig = STUDENT,
    taught: int = TAUGHT,
    compared: int = ROWS,
    seed: int = 0,
) -> tuple[MLP, Agreement]:
    """A student of one target, and how it agrees with the teacher on architectures it was not taught.

    Args:
        taught, compared: architectures drawn at random for the one and the other.

    Raises:
        DistillError: the student agrees too little; the teacher is to be served.
    """
    if not hasattr(teacher, "scale_"):
        raise NotFittedError(f"{teacher.family} must be fitted before it is distilled")
    space = teacher.space_
    codes = space.sample(taught + compared, seed=seed)
    answers = answers_of(teacher, codes, column)
    target = teacher.targets_[column]
    student = _taught(
        teacher, target, codes[:taught], answers[:taught, None].astype(np.float64), config, seed
    )
    found = agreement(answers_of(student, codes[taught:], 0), answers[taught:])
    if not found.holds:
        raise DistillError(
            f"the student of {teacher.family} for {target.device} is refused, with {found}; "
            f"the teacher is served itself"
        )
    return student, found


def _taught(
    teacher: Predictor, target: Target, codes: Codes, values: Doubles, config: MLPConfig, seed: int
) -> MLP:
    """A fitted student; unlike from measurements, all that its network adds is taken for true.

    Shapes:
        codes: (n, k); values: (n, 1)
    """
    space = teacher.space_
    labels = Labels(space.name, teacher.metric_, teacher.dataset_, (target,), codes, values)
    student = MLP(config)
    student._take_header(space.name, teacher.metric_, teacher.dataset_, (target,))
    student.scale_ = TargetScale.fit(values, teacher.metric_)
    student._take_moments(codes)
    student.sum_ = Additive().fit(labels.rows(np.arange(min(len(codes), _SUMMED))), seed=seed)
    student.sum_.scale_ = student.scale_
    student.gate_ = np.where(student.sum_.exact_, 0.0, 1.0)
    z = student.scale_.forward(values)
    student.members_ = student._networks(codes, z, student.sum_, config.members, seed)
    return student


def answers_of(model: Predictor, codes: Codes, column: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """One target's answers, a part of the batch at a time.

    Shapes:
        codes: (n, k); output: (n,)
    """
    parts = (codes[i : i + _CHUNK] for i in range(0, len(codes), _CHUNK))
    return np.concatenate([model.predict_checked(part)[:, column] for part in parts])
