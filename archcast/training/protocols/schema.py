"""What stands in a protocol's file: one model a kind, unknown keys refused.

`docs/protocols.md` shows a file of each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from archcast.core.arrays import Ints
from archcast.core.errors import InputError, UnknownNameError
from archcast.core.labels import Labels
from archcast.training.labels import load_labels
from archcast.training.networks.fit import network_methods

Names = Annotated[tuple[str, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=1)]
Figure = Literal["spearman", "kendall", "mape", "within_5", "within_10", "within_20", "coverage_90"]
TAU_BY_N = "tau by n"


class Part(BaseModel):
    """A part of a protocol: read once, changed never."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Table(Part):
    """Measurements of one metric in one space, from named public tables."""

    space: str
    metric: str
    tables: Names
    datasets: Names | None = None

    def labels(self) -> Labels:
        """Every architecture and device of the tables."""
        return load_labels(self.space, self.metric, datasets=self.datasets, sources=self.tables)


class Rows(Part):
    """Rows of a table: `count` from `first` on, or `random` ones, drawn by one seed or anew with `each`."""

    first: int | None = Field(default=None, ge=0)
    count: Count | None = None
    random: Count | None = None
    seed: int | Literal["each"] = 0

    @model_validator(mode="after")
    def _one_way(self) -> Rows:
        if (self.first is None) != (self.count is None) or (self.first is None) == (self.random is None):
            raise ValueError("rows must have first and count, or random")
        return self

    def of(self, labels: Labels, seed: int) -> Ints:
        """Row numbers; `seed` is used where rows are drawn anew with each, and these are in order."""
        if self.first is not None and self.count is not None:
            if self.first + self.count > len(labels):
                raise InputError(
                    f"rows must lie within the {len(labels)} of {labels.space}, got {self.count} from "
                    f"{self.first} on"
                )
            return np.arange(self.first, self.first + self.count)
        if self.seed == "each":
            return np.sort(np.random.default_rng(seed).choice(len(labels), self.random, replace=False))
        return np.random.default_rng(self.seed).choice(len(labels), self.random, replace=False)


class Protocol(Part):
    """What files of all kinds hold.

    Attributes:
        name: the file's name without its ending.
        predictors: families or methods that it is run with when none are named.
        seeds: how many seeds it is run with when no number is given, counted from 0.
        published: records from the literature, each with the predictor's name and the source.
        methods: the only ones there are, of kinds whose predictors are no families.
    """

    methods: ClassVar[tuple[str, ...]] = ()

    name: str
    title: str
    seeds: Count
    predictors: Names
    published: tuple[dict[str, str | int | float], ...] = ()

    @model_validator(mode="after")
    def _checked(self) -> Protocol:
        for record in self.published:
            if missing := sorted({"predictor", "source"} - record.keys()):
                raise ValueError(f"a published record must have a {missing[0]}, {record} has none")
        self.check(self.predictors)
        return self

    def check(self, names: tuple[str, ...] | list[str]) -> None:
        """Raise UnknownNameError for a method that the protocol's kind does not have."""
        for name in names:
            if self.methods and name not in self.methods:
                raise UnknownNameError(f"method of {self.name}", name, self.methods)


class Adaptation(Protocol):
    """A predictor adapted to a few measurements of a device, from the sources named.

    Attributes:
        devices: source devices; `others` are all but the target, `other hardware` all of another.
        target, target_devices: the targets' own table where it is another one, and the devices.
        measured: how many measurements of the target.
        pool: rows that the sources were measured on.
        drawn_from: whether random measurements of the target are of the pool, or of all rows.
        test: rows that are ranked; `rest` are all outside the pool.
        trimmed: share of the slowest and of the fastest tested rows of a device that is set aside.
        without_measured: whether a second record leaves the measured rows out of the test.
        figures: what is told of the test rows, a record each.
        beside: families that are fitted to the same measurements and to nothing else.
        repeats: whether equal networks tell how far measurements differ by themselves.
    """

    methods: ClassVar[tuple[str, ...]] = ("random", "suggested")

    kind: Literal["adaptation"]
    sources: Table
    devices: Names | Literal["all", "others", "other hardware"]
    target: Table | None = None
    target_devices: Names | Literal["all"] = "all"
    measured: Annotated[tuple[Count, ...], Field(min_length=1)]
    pool: Rows
    drawn_from: Literal["pool", "all"] = "pool"
    test: Rows | Literal["rest", "all"]
    trimmed: float = Field(default=0.0, ge=0.0, lt=0.5)
    without_measured: bool = False
    figures: Annotated[tuple[Figure, ...], Field(min_length=1)] = ("spearman", "coverage_90")
    beside: tuple[str, ...] = ()
    repeats: bool = False


class Training(Protocol):
    """A predictor fitted to the same rows of all devices together, ranking others.

    Attributes:
        train, test: rows of every device.
        target_devices: devices that figures are given of.
        trimmed: see `Adaptation`.
    """

    kind: Literal["training"]
    table: Table
    target_devices: Names
    train: Rows
    test: Rows
    trimmed: float = Field(default=0.0, ge=0.0, lt=0.5)


class LearningCurve(Protocol):
    """n random networks of a device teach and nothing else, its others are predicted.

    Attributes:
        tasks: name -> data set whose values teach, null for those that are predicted.
        test: whether `all` networks are predicted, those that teach among them, or the `rest`.
        without_twins: whether a second record leaves out of the test what computes the same function as a
            training network.
        figures: means over devices and seeds, a record an n; or Kendall's tau and its deviation, all in
            one record.
    """

    kind: Literal["learning-curve"]
    tables: Annotated[tuple[Table, ...], Field(min_length=1)]
    tasks: Annotated[dict[str, str | None], Field(min_length=1)] = {"": None}
    counts: Annotated[tuple[Count, ...], Field(min_length=1)]
    test: Literal["rest", "all"] = "rest"
    without_twins: bool = False
    figures: Names | Literal["tau by n"] = ("spearman", "kendall", "mape", "within_10")


class ShippedPredictor(Table):
    """A shipped predictor, and the table that its held-out rows are of."""

    name: str


class IntervalCoverage(Protocol):
    """Whether the 90 % intervals of shipped predictors hold on their held-out rows.

    Attributes:
        split_seed: of the split that the predictors were fitted with.
    """

    methods: ClassVar[tuple[str, ...]] = ("shipped",)

    kind: Literal["intervals"]
    shipped: Annotated[tuple[ShippedPredictor, ...], Field(min_length=1)]
    split_seed: int = 0


class NetworkTable(Part):
    """Measurements of networks of any form, from a named public table.

    Attributes:
        most: networks of it that are taken, at random; None means all.
    """

    table: str
    metric: str = "latency"
    most: Count | None = None


class NetworkSource(NetworkTable):
    """A table whose settings teach.

    Attributes:
        family: of the predictors that are fitted to it.
    """

    family: str = "sums"


class TestedTable(NetworkTable):
    """A table whose networks are predicted from others of it.

    Attributes:
        predictors: in place of the protocol's own, where a run names none; none means those.
    """

    predictors: tuple[str, ...] = ()


class NetworkFolds(Protocol):
    """Networks of any form: each fold is predicted by what was fitted to the others of its table.

    Attributes:
        folds_of: what is kept together: `families` (as the tables name them), `coarse` families, or `groups`
            of near-copies, dealt at random by each seed. Near-copies of what is left out never teach.
        least: networks that a setting must have measured to be tested.
    """

    methods: ClassVar[tuple[str, ...]] = network_methods()

    kind: Literal["networks"]
    tables: Annotated[tuple[TestedTable, ...], Field(min_length=1)]
    folds_of: Annotated[tuple[Literal["families", "coarse", "groups"], ...], Field(min_length=1)]
    folds: Annotated[int, Field(ge=2)] = 10
    least: Count = 25

    def check(self, names: tuple[str, ...] | list[str]) -> None:
        """Those of single tables as well."""
        super().check([*names, *(name for table in self.tables for name in table.predictors)])

    def measured_on(self, table: TestedTable, named: Sequence[str]) -> Sequence[str]:
        """What is measured on a table in a run of the methods that are named, or of the protocol's own."""
        return (table.predictors or named) if tuple(named) == self.predictors else named


class NetworkDevices(Protocol):
    """A new device from a few networks; no family that is measured or tested taught any source.

    Attributes:
        sources: tables whose settings teach; settings on the target's own hardware are left out.
        target: whose settings are new, one after another.
        measured: how many networks are measured.
        most: networks of the target's table that are drawn from, at random.
    """

    methods: ClassVar[tuple[str, ...]] = ("three-families", "many-families", "suggested")

    kind: Literal["network-devices"]
    sources: Annotated[tuple[NetworkSource, ...], Field(min_length=1)]
    target: NetworkTable
    measured: Annotated[tuple[Count, ...], Field(min_length=1)]
    folds: Annotated[int, Field(ge=2)] = 10
    most: Count = 450
    least: Count = 25


class NetworkSpaces(Protocol):
    """Members of one space are measured on a device, members of another are predicted.

    Attributes:
        sources: tables of networks whose settings teach.
        spaces: tables of spaces; every ordered pair with devices in common is run, and every space by itself.
        measured: how many members are measured.
        members: of each space that are drawn from, at random.
    """

    methods: ClassVar[tuple[str, ...]] = ("networks", "within-space")

    kind: Literal["network-spaces"]
    sources: Annotated[tuple[NetworkSource, ...], Field(min_length=1)]
    spaces: Annotated[tuple[Table, ...], Field(min_length=1)]
    measured: Annotated[tuple[Count, ...], Field(min_length=1)]
    members: Count = 300


AnyKind = (
    Adaptation | Training | LearningCurve | IntervalCoverage | NetworkFolds | NetworkDevices | NetworkSpaces
)
KINDS = tuple(get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(AnyKind))
AnyProtocol = Annotated[
    AnyKind,
    Field(discriminator="kind"),
]


def first_problem(errors: list[Any]) -> str:
    """One sentence on the first of pydantic's errors, with the key it is about."""
    if errors[0]["type"].startswith("union_tag"):
        return f"kind must be one of {', '.join(KINDS)}"
    where = ".".join(str(part) for part in errors[0]["loc"][1:])
    if errors[0]["type"] == "extra_forbidden":
        return f"{where} is no key of this kind"
    said = str(errors[0]["msg"])
    said = said.removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
