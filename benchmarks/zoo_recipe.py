"""What stands in the recipe of the zoo (`benchmarks/zoo.yaml`), unknown keys refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from archcast.core.errors import InputError
from archcast.core.labels import Labels
from archcast.core.reading.keys import read_yaml
from archcast.predictors.distill import Teaching
from archcast.training.protocols.schema import Names, Part, Table
from archcast.training.splits import Split, group_split

RECIPE = Path(__file__).with_name("zoo.yaml")


class Candidate(Part):
    """A family with settings that may serve."""

    family: str
    settings: dict[str, Any] = Field(default_factory=dict)


class Choice(Part):
    """The candidate with the best mean of a figure on a part of the training rows serves."""

    figure: str
    held_out: float
    seed: int


class Entry(Table):
    """One shipped predictor: what it is fitted to, and which candidates may serve."""

    name: str
    candidates: Names
    sources: bool = False
    teaching: str | None = None


class Recipe(Part):
    """Entries, candidates and the rule by which one of them is chosen."""

    seed: int
    held_out: float
    choice: Choice
    baselines: Names
    candidates: dict[str, tuple[Candidate, ...]]
    teaching: dict[str, dict[str, Any]]
    entries: tuple[Entry, ...]

    @model_validator(mode="after")
    def _names(self) -> Recipe:
        for entry in self.entries:
            for group in entry.candidates:
                if group not in self.candidates:
                    raise ValueError(f"{entry.name} has the candidates {group}, which are not in the recipe")
            if entry.teaching is not None and entry.teaching not in self.teaching:
                raise ValueError(f"{entry.name} is taught {entry.teaching}, which is not in the recipe")
        return self

    def candidates_of(self, entry: Entry) -> list[Candidate]:
        """What may serve."""
        return [candidate for group in entry.candidates for candidate in self.candidates[group]]

    def teaching_of(self, entry: Entry) -> Teaching | None:
        """How a student is taught; None is the usual way."""
        return None if entry.teaching is None else Teaching(**self.teaching[entry.teaching])

    def split_of(self, labels: Labels) -> Split:
        """The split that the entries are fitted by."""
        return group_split(labels, held_out=self.held_out, seed=self.seed)


def read_recipe(path: Path = RECIPE) -> Recipe:
    """The recipe of a file.

    Raises:
        InputError: a key is unknown, missing or of the wrong type.
    """
    try:
        return Recipe.model_validate(
            read_yaml(path.read_text(encoding="utf-8"), f"recipe {path}", extra="train")
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"recipe {path}: {where} {first['msg']}") from error
