"""Families weighed by their errors on rows that they were not fitted to.

| symbol | meaning |
|---|---|
| u | (n, m) values as members learn them: normal scores for metrics on no ratio scale, else the values |
| p_f | (n, m) cross-validated scaled predictions of member f |
| w | (F, m) weights, none below 0, of sum 1 |

w minimises sum_i (u_i - sum_f w_f p_fi)^2 for each target (Breiman, Stacked regressions, Machine Learning
1996: weights that may not be negative do not overfit). Where rows are few, the
first member answers alone. What the stack says of each row without having seen it, weights and all, is kept
for who has to choose between families.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.errors import ArtifactError, InputError
from archcast.core.labels import Labels
from archcast.featurize.encoders.kernel_blocks import kernel_blocks, parts_of_blocks
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.contract import PREDICTORS, Predictor, register
from archcast.predictors.families.boosting import Boosting, BoostingConfig
from archcast.predictors.scale import TargetScale
from archcast.predictors.scores import NormalScores

_BOOSTING = BoostingConfig(rounds=300, num_leaves=15, feature_fraction=0.5, threads=1)
_CENTRE, _UNIT = 50.0, 10.0
"""Scores are given to members as 50 + 10 u, which is above zero as accuracies are."""


@dataclass(frozen=True, slots=True)
class StackConfig:
    """Settings of the stack.

    Attributes:
        members: families, the best alone first.
        folds: of the cross-validation.
        fewest: rows below which the first member answers alone.
    """

    members: tuple[str, ...] = ("gp", "lightgbm")
    folds: int = 5
    fewest: int = 60

    def __post_init__(self) -> None:
        if not self.members or "stack" in self.members:
            raise InputError(f"members must be families other than stack, got {self.members}")
        if self.folds < 2:
            raise InputError(f"folds must be at least 2, got {self.folds}")


@register
class Stack(Predictor):
    """Weighted mean of families, weights by cross-validation on the training rows."""

    family = "stack"
    Config = StackConfig
    requires: tuple[str, ...] = Boosting.requires
    by_target: ClassVar = {"weights_": 1}
    held_out_: Doubles | None = None
    """Values (n, m) of the training rows by members and weights that had not seen them; not saved."""

    def __init__(self, config: StackConfig | None = None) -> None:
        super().__init__(config)
        kinds = (PREDICTORS[name] for name in self.config.members)
        self.requires = tuple(dict.fromkeys(package for kind in kinds for package in kind.requires))

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        known = np.isfinite(labels.values)
        self.scores_ = [] if self.scale_.logarithmic else [NormalScores.fit(y[np.isfinite(y)]) for y in z.T]
        if self.scores_:
            columns = [s.forward(y) for s, y in zip(self.scores_, z.T, strict=True)]
            labels = replace(labels, values=_CENTRE + _UNIT * np.stack(columns, axis=1))
        self.inner_ = TargetScale.fit(labels.values, labels.metric)
        names = (
            self.config.members if known.sum(axis=0).min() >= self.config.fewest else self.config.members[:1]
        )
        self.weights_, self.held_out_ = np.ones((1, z.shape[1])), None
        if len(names) > 1:
            fold = fold_of_groups(self.space_.function_groups(labels.codes), self.config.folds, seed=seed)
            out, wanted = self._held_out(names, labels, fold, seed), self.inner_.forward(labels.values)
            self.weights_ = _weights(out, wanted, known)
            self.held_out_ = self._unseen(out, wanted, known, fold)
        self.members_ = [_make(name).fit(labels, seed=seed) for name in names]

    def _held_out(self, names: tuple[str, ...], labels: Labels, fold: Ints, seed: int) -> Doubles:
        """Predictions for every row by members that were not fitted to it, (F, n, m)."""
        out = np.full((len(names), *labels.values.shape), np.nan)
        for held in range(self.config.folds):
            rest, tested = labels.rows(fold != held), fold == held
            learnt = np.isfinite(rest.values).any(axis=0)
            if not tested.any() or len(rest) < 2 or not learnt.all():
                continue
            for i, name in enumerate(names):
                answers = _make(name).fit(rest, seed=seed).predict(labels.codes[tested])
                out[i, tested] = self.inner_.forward(answers.astype(np.float64))
        return out

    def _unseen(self, out: Doubles, wanted: Doubles, known: Bools, fold: Ints) -> Doubles:
        """Values for every row by members and weights that had not seen it, (n, m), or NaN."""
        mixed = np.full(wanted.shape, np.nan)
        for held in range(self.config.folds):
            weights = _weights(out, wanted, known & (fold != held)[:, None])
            mixed[fold == held] = np.einsum("fm,fnm->nm", weights, out[:, fold == held])
        return self.scale_.inverse(self._scaled(mixed))

    def _predict(self, codes: Codes) -> Doubles:
        answers = [self.inner_.forward(m.predict(codes).astype(np.float64)) for m in self.members_]
        return self._scaled(np.einsum("fm,fnm->nm", self.weights_, np.stack(answers)))

    def _keep(self, columns: tuple[int, ...]) -> None:
        super()._keep(columns)
        self.members_ = [member.select(columns) for member in self.members_]
        self.inner_ = self.inner_.select(columns)
        self.scores_ = [self.scores_[c] for c in columns] if self.scores_ else []

    def _scaled(self, mixed: Doubles) -> Doubles:
        """What members say together -> scaled values."""
        values = self.inner_.inverse(mixed)
        if not self.scores_:
            return self.scale_.forward(values)
        columns = zip(self.scores_, values.T, strict=True)
        return np.stack([scores.inverse((y - _CENTRE) / _UNIT) for scores, y in columns], axis=1)

    @property
    def reads(self) -> tuple[str, ...]:
        """What its members read."""
        return tuple(dict.fromkeys(part for member in self.members_ for part in member.reads))

    def to_files(self) -> dict[str, bytes]:
        arrays = {"weights": self.weights_, "mean": self.inner_.mean, "deviation": self.inner_.deviation}
        for i, scores in enumerate(self.scores_):
            arrays |= {f"{i}.values": scores.values, f"{i}.scores": scores.scores}
        files = {"stack.npz": pack(arrays)}
        for i, member in enumerate(self.members_):
            scale = member.scale_
            files[f"scale_{i}.npz"] = pack({"mean": scale.mean, "deviation": scale.deviation})
            files |= {f"{i}_{name}": content for name, content in member.to_files().items()}
        return files

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        arrays = unpack(files["stack.npz"], "stack.npz")
        logarithmic = self.scale_.logarithmic
        try:
            self.weights_ = arrays["weights"]
            self.inner_ = TargetScale(logarithmic, arrays["mean"], arrays["deviation"])
            targets = range(0 if logarithmic else len(self.targets_))
            self.scores_ = [NormalScores(arrays[f"{i}.values"], arrays[f"{i}.scores"]) for i in targets]
        except KeyError as error:
            raise ArtifactError(f"stack.npz must hold {error}") from error
        self.members_ = [self._member(files, i) for i in range(len(self.weights_))]

    def _member(self, files: Mapping[str, bytes], i: int) -> Predictor:
        member = _make(self.config.members[i])
        member._take_header(self.space_.name, self.metric_, self.dataset_, self.targets_)
        member.features_ = self.features_
        scale = unpack(files[f"scale_{i}.npz"], f"scale_{i}.npz")
        member.scale_ = TargetScale(self.scale_.logarithmic, scale["mean"], scale["deviation"])
        start = f"{i}_"
        member._from_files({k.removeprefix(start): v for k, v in files.items() if k.startswith(start)})
        return member


class _BoostedBlocks(Boosting):
    """LightGBM on the columns between which a Gaussian process measures distance."""

    def _encode(self, codes: Codes) -> Doubles:
        blocks = kernel_blocks(self.space_, codes, self.dataset_, features=self.features_)
        return np.concatenate(list(blocks.values()), axis=1)

    @property
    def reads(self) -> tuple[str, ...]:
        """Blocks, and the features of which some are made."""
        return parts_of_blocks(self.space_, self.dataset_)


def _make(name: str) -> Predictor:
    return _BoostedBlocks(_BOOSTING) if name == Boosting.family else PREDICTORS[name]()


def fold_of_groups(groups: Ints, folds: int, *, seed: int) -> Ints:
    """Fold of each row; equal architectures share theirs.

    Shapes:
        groups, output: (n,)
    """
    _, inverse = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(int(inverse.max()) + 1)
    fold: Ints = (order % folds)[inverse.reshape(-1)]
    return fold


def _weights(out: Doubles, wanted: Doubles, known: Bools) -> Doubles:
    """Weights of least squared error, none below 0 and of sum 1; the first member's alone without a row.

    Shapes:
        out: (F, n, m); wanted, known: (n, m); output: (F, m)
    """
    from scipy.optimize import nnls

    weights = np.zeros((len(out), wanted.shape[1]))
    weights[0] = 1.0
    for column in range(wanted.shape[1]):
        rows = known[:, column] & np.isfinite(out[:, :, column]).all(axis=0)
        if rows.any():
            # The x of least |x E|^2 + (sum x - 1)^2, E the members' errors, points where |w E|^2 is least.
            errors = wanted[rows, column] - out[:, rows, column]
            errors /= float(np.linalg.norm(errors)) or 1.0
            with_sum = np.concatenate([errors, np.ones((len(out), 1))], axis=1)
            x = nnls(with_sum.T, np.append(np.zeros(errors.shape[1]), 1.0))[0]
            weights[:, column] = x / x.sum()
    return weights
