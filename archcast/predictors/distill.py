"""Teaching a quick student a slow predictor's answers."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import InputError, NotFittedError
from archcast.core.labels import Labels
from archcast.featurize.spaces import Space
from archcast.predictors.contract import Predictor
from archcast.predictors.families.distilled import Distilled, DistilledConfig
from archcast.predictors.families.mlp import MLP, MLPConfig
from archcast.predictors.lowered.link import apply

_CHUNK = 8192
_SUMMED = 10_000
"""Answers to which the weighted sum is fitted; the network is taught them all."""
_MOST_HIDDEN = 128
"""Units of a network that is quick enough to be served alone."""
_NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


class DistillError(InputError):
    """A student is not good enough to be served in its teacher's place."""


@dataclass(frozen=True, slots=True)
class Teaching:
    """How a student is taught.

    Attributes:
        taught: architectures, drawn at random, whose answers it is taught.
        hidden, epochs, batch, rate: of its network.
        huber: differences beyond this many robust deviations count linearly: networks at the ends of the
            space, which are far from all others, must not cost those their exactness.
    """

    taught: int = 200_000
    hidden: int = 96
    epochs: int = 20
    batch: int = 512
    rate: float = 4e-3
    huber: float = 6.0

    def network(self) -> MLPConfig:
        """The same for the network's own fit: answers have no noise, which decay and dropout are for."""
        return MLPConfig(
            corrects=False,
            hidden=self.hidden,
            members=1,
            epochs=self.epochs,
            batch=self.batch,
            rate=self.rate,
            decay=0.0,
            dropout=0.0,
            huber=self.huber,
        )


_ONE_NETWORK = Teaching(taught=500_000, rate=2e-3)


def distil(teacher: Predictor, *, teaching: Teaching | None = None, seed: int = 0) -> Predictor:
    """A student of all of a fitted predictor's targets.

    Of a teacher that is a sum and the mean of several networks, the student is the same sum and one of these
    networks, which is taught what they say together.

    Raises:
        NotFittedError: the teacher is not fitted. MissingPackageError: torch is not installed.
    """
    if not hasattr(teacher, "scale_"):
        raise NotFittedError(f"{teacher.family} must be fitted before it is distilled")
    from archcast.predictors.families.mlp_fit import fit_members

    if isinstance(teacher, MLP) and len(teacher.members_) > 1 and teacher.config.hidden <= _MOST_HIDDEN:
        return _of_one_network(teacher, teaching or _ONE_NETWORK, seed)
    teaching, space = teaching or Teaching(), teacher.space_
    codes = lessons(space, teaching.taught, seed=seed)
    student = Distilled(DistilledConfig(teacher.family, _pieces(space)))
    student._take_header(space.name, teacher.metric_, teacher.dataset_, teacher.targets_)
    student.scale_, student.maps_ = teacher.scale_, teacher.maps()
    learned = _before_maps(answers_of(teacher.predict_checked, codes).astype(np.float64), student)
    _fit_sum(student, codes[:_SUMMED], learned[:_SUMMED], seed)
    student.take_moments(codes)
    base = apply(student.sum_.link(), student.sum_.summed(codes))
    left = np.log(learned / base) if student.scale_.logarithmic else learned - base
    size = np.maximum(_NORMAL * np.median(np.abs(left - np.median(left, axis=0)), axis=0), 1e-12)
    x = student.standardised(codes).astype(np.float32)
    ((*hidden, w3, b3),) = fit_members(x, left / size, teaching.network(), members=1, seed=seed)
    factor = size.astype(np.float32)
    student.take_network((*hidden, w3 * factor, b3 * factor))
    return student


def _of_one_network(teacher: MLP, teaching: Teaching, seed: int) -> MLP:
    """The teacher with one network in the place of several: the nearest to their mean, taught that mean."""
    from archcast.predictors.families.mlp_fit import fit_members

    codes = lessons(teacher.space_, teaching.taught, seed=seed)
    wanted = answers_of(lambda part: teacher.correction(part).astype(np.float32), codes).astype(np.float64)
    students = []
    for member in teacher.members_:
        student = copy(teacher)
        student.config, student.members_ = replace(teacher.config, members=1), [member]
        students.append(student)
    few = codes[:_CHUNK]
    student = min(students, key=lambda s: float(np.abs(s.correction(few) - wanted[: len(few)]).mean()))
    size = np.maximum(wanted.std(axis=0), 1e-12).astype(np.float32)
    *hidden, w3, b3 = student.members_[0]
    ((*hidden, w3, b3),) = fit_members(
        student.standardised(codes),
        wanted / size,
        teaching.network(),
        members=1,
        seed=seed,
        start=(*hidden, w3 / size, b3 / size),
    )
    student.members_ = [(*hidden, w3 * size, b3 * size)]
    return student


def _pieces(space: Space) -> tuple[str, ...]:
    """Decisions, and terms where these say more: those of one decision are sums of its values."""
    groups = space.term_groups
    return ("decisions",) if groups is None or max(map(len, groups)) == 1 else ("decisions", "terms")


def lessons(space: Space, n: int, *, seed: int) -> Codes:
    """Members that a student is taught, of four kinds.

    Half are drawn from all members alike, a quarter from all values of each decision alike, which differs
    where decisions depend on others. An eighth lean to one end of all decisions at once, and in an eighth a
    share of the decisions, small or large, is at one end and the others are drawn: searches end there, what
    people measure is seldom drawn from all members alike, and what lies between must be met too.

    Shapes:
        output: (n, k)
    """
    rng, genome = np.random.default_rng(seed), space.genome()
    tops, part = genome.cardinalities, n // 8
    even = rng.integers(0, tops, size=(3 * part, len(tops)))
    ends = (tops - 1) * rng.integers(0, 2, size=(part, 1))
    ended = np.where(rng.uniform(size=(part, len(tops))) < rng.uniform(size=(part, 1)), ends, even[:part])
    leaning = rng.binomial(tops - 1, rng.uniform(size=(part, 1)), size=(part, len(tops)))
    drawn = space.sample(n - 4 * part, seed=seed)
    codes: Codes = np.concatenate([drawn, genome.codes(np.concatenate([ended, even[part:], leaning]))])
    return codes[rng.permutation(n)]


def _before_maps(values: Doubles, student: Distilled) -> Doubles:
    """What the teacher learned, as scores where it maps them to values, (n, m)."""
    if not student.maps_:
        return values
    return np.stack([own.forward(y) for own, y in zip(student.maps_, values.T, strict=True)], axis=1)


def _fit_sum(student: Distilled, codes: Codes, learned: Doubles, seed: int) -> None:
    """The weighted sum of what the teacher learned; scores are raised above 0, as labels must be."""
    raised = 0.0 if student.scale_.logarithmic else 1.0 - learned.min(axis=0)
    values = learned + raised
    labels = Labels(student.space_.name, student.metric_, student.dataset_, student.targets_, codes, values)
    student.sum_ = student.new_sum().fit(labels, seed=seed)
    student.sum_.weights_[-1] -= raised
    student.sum_.exact_ = np.zeros(len(student.targets_), dtype=bool)
    student.sum_.scale_ = student.scale_


def answers_of(answer: Callable[[Codes], Floats], codes: Codes) -> Floats:
    """Answers, a part of the batch at a time.

    Shapes:
        codes: (n, k); output: (n, m)
    """
    return np.concatenate([answer(codes[i : i + _CHUNK]) for i in range(0, len(codes), _CHUNK)])
