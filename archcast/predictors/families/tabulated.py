"""A predictor written out: its answers for every member of a small space, read by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from archcast.core.arrays import Codes, Doubles, Floats
from archcast.core.errors import ArtifactError, InputError, NotFittedError
from archcast.core.labels import Labels
from archcast.predictors.contract import Predictor, register
from archcast.predictors.lowered import Lowered
from archcast.predictors.lowered.forms import MAX_MEMBERS, is_small, whole_table

_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class TabulatedConfig:
    """What was written out.

    Attributes:
        teacher: family of the predictor whose answers these are.
    """

    teacher: str = ""


@register
class Tabulated(Predictor):
    """z = table[position of the architecture in its space]; made by `of`, not by `fit`."""

    family = "tabulated"
    Config = TabulatedConfig
    arrays, file = ("table",), "table.npz"
    by_target: ClassVar = {"table_": 1}
    learns = False
    table_: Floats

    @classmethod
    def of(cls, teacher: Predictor) -> Self:
        """The answers of a fitted predictor for its whole space.

        Raises:
            InputError: the space has more than `MAX_MEMBERS` members.
        """
        if not hasattr(teacher, "scale_"):
            raise NotFittedError(f"{teacher.family} must be fitted before it is written out")
        space = teacher.space_
        if space.size > MAX_MEMBERS:
            raise InputError(
                f"{space.name} must have at most {MAX_MEMBERS} members to be written out, it has {space.size}"
            )
        tabulated = cls(TabulatedConfig(teacher.family))
        tabulated._take_header(space.name, teacher.metric_, teacher.dataset_, teacher.targets_)
        tabulated.scale_ = teacher.scale_
        codes = space.members(np.arange(space.size))
        z = [teacher.scaled(codes[i : i + _CHUNK]) for i in range(0, len(codes), _CHUNK)]
        tabulated.table_ = np.concatenate(z).astype(np.float32)
        return tabulated

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        raise InputError("tabulated must be made from a fitted predictor, by Tabulated.of")

    def _predict(self, codes: Codes) -> Doubles:
        z: Doubles = self.table_[self.space_.numbers(codes)].astype(np.float64)
        return z

    def lower(self) -> Lowered | None:
        return whole_table(self) if is_small(self.space_) else None

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        super()._from_files(files)
        if self.table_.shape != (self.space_.size, len(self.targets_)):
            raise ArtifactError(f"table.npz must have shape ({self.space_.size}, {len(self.targets_)})")
