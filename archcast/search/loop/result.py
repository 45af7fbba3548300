"""What a search found, as records and files.

| symbol | meaning |
|---|---|
| n, k | scored architectures, decisions |
| m, l | goals, limits |
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from archcast.collect.measured import Column
from archcast.core.arrays import Arch, Codes, Doubles, Ints
from archcast.core.errors import InputError
from archcast.search.loop.goals import Quantity
from archcast.search.loop.problem import Problem, Scores, front_rows
from archcast.search.loop.sources import MeasuredFirst, measured_of
from archcast.search.records_file import write_csv, write_json

Record = dict[str, Any]
MEASURED = ("measured ", "source of measured ")
"""What names of columns begin with that tell a measurement, and the table that it is from."""


@dataclass(frozen=True)
class SearchResult:
    """Everything that was scored, and the front of it.

    Attributes:
        codes: (n, k), in the order of scoring.
        values: (n, m + l): goals as predicted, limits' quantities as held; in their units.
        seconds: that the search took, stops left out.
        stopped: why it ended.
        settings: of the search, by name.
    """

    problem: Problem
    codes: Codes
    values: Doubles
    seconds: float
    stopped: str
    settings: dict[str, str]

    @cached_property
    def scores(self) -> Scores:
        """Costs and excess of everything that was scored."""
        return self.problem.scores(self.values)

    @cached_property
    def front_rows(self) -> Ints:
        """Rows that keep all limits and are beaten in every goal by none, best first goal first.

        Of architectures with equal values the one that was scored first stands for all.
        """
        rows = np.flatnonzero(front_rows(self.scores))
        _, first = np.unique(self.scores.costs[rows], axis=0, return_index=True)
        rows = rows[np.sort(first)]
        order: Ints = rows[np.argsort(self.scores.costs[rows, 0], kind="stable")]
        return order

    @property
    def feasible(self) -> bool:
        """Whether anything keeps all limits."""
        return len(self.front_rows) > 0

    @property
    def archs(self) -> list[Arch]:
        """The front, in the space's notation."""
        return self.problem.space.format(self.codes[self.front_rows])

    @cached_property
    def front(self) -> list[Record]:
        """One record an architecture: its text, its values in their units, the held ends of limits.

        Of a predicted quantity of which anything was measured, also what was measured of the architecture and
        the table that has it, None where it was not.
        """
        return self.records(self.front_rows)

    @cached_property
    def nearest(self) -> Record:
        """The architecture that breaks the limits least; of those that keep them, the best."""
        order = np.lexsort((self.scores.costs[:, 0], self.scores.violation))
        return self.records(order[:1])[0]

    @property
    def reachable(self) -> dict[str, float]:
        """Nearest value of each limit's quantity that was scored, as held: least for <=, most for >=."""
        m, out = len(self.problem.goals), {}
        for i, limit in enumerate(self.problem.limits):
            column = self.values[:, m + i]
            out[limit.text] = float(column.min() if limit.upper else column.max())
        return out

    def records(self, rows: Ints) -> list[Record]:
        """Records of some of the rows, see `front`."""
        if not len(rows):
            return []
        problem, codes = self.problem, self.codes[rows]
        columns: dict[str, Any] = {"arch": problem.space.to_text(codes)}
        for i, goal in enumerate(problem.goals):
            columns[goal.quantity.label] = _rounded(self.values[rows, i], goal.quantity)
        m = len(problem.goals)
        for i, (limit, source) in enumerate(zip(problem.limits, problem.limit_sources, strict=True)):
            held = _rounded(self.values[rows, m + i], limit.quantity)
            predicted = source.other if isinstance(source, MeasuredFirst) else source
            if limit.quantity.is_size or (problem.hold is None and predicted is source):
                columns[limit.quantity.label] = held
            else:
                columns.setdefault(limit.quantity.label, _rounded(predicted.mean(codes), limit.quantity))
                columns[f"held {limit.text}"] = held
        columns |= self._measured(codes)
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _measured(self, codes: Codes) -> dict[str, list[Any]]:
        """What was measured of each predicted quantity, and by which table; None where nothing was."""
        columns: dict[str, list[Any]] = {}
        for quantity, known in self._known.items():
            values = known.of_codes(codes)
            name = f"{MEASURED[0]}{quantity.label}"
            columns[name] = [
                None if one is None or np.isnan(one.value) else float(f"{one.value:.6g}") for one in values
            ]
            columns[source_column(name)] = [None if one is None else one.source for one in values]
        return columns

    @cached_property
    def _known(self) -> dict[Quantity, Column]:
        """What was measured of the predicted quantities, each once."""
        problem, columns = self.problem, dict[Quantity, Column]()
        quantities = [g.quantity for g in problem.goals] + [b.quantity for b in problem.limits]
        sources = (*problem.goal_sources, *problem.limit_sources)
        for quantity, source in zip(quantities, sources, strict=True):
            column = None if quantity in columns else measured_of(source)
            if column is not None and column.by_arch:
                columns[quantity] = column
        return columns

    def infeasible_text(self) -> str:
        """One sentence on the limits that nothing keeps."""
        how = "as predicted" if self.problem.hold is None else f"held at {self.problem.hold:.4g}"
        parts = []
        for limit, near in zip(self.problem.limits, self.reachable.values(), strict=True):
            kept = near <= limit.value if limit.upper else near >= limit.value
            reached = "can be kept alone" if kept else f"must be {limit.said}"
            reason = f"{limit.quantity.text} {reached}, nearest {near:.4g} {limit.quantity.unit}"
            parts.append(reason.rstrip())
        return f"limits are kept by none of {len(self.codes)} architectures ({how}): {'; '.join(parts)}"

    def write_csv(self, path: str | Path) -> None:
        """The front; where nothing keeps the limits, a header and the nearest architecture."""
        records = self.front or [self.nearest]
        write_csv(path, [{"feasible": self.feasible} | record for record in records], "the front")

    def write_json(self, path: str | Path) -> None:
        """Settings, how it ended, the front, and the nearest architecture."""
        content = {
            "settings": self.settings,
            "evaluations": len(self.codes),
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
            "feasible": self.feasible,
            "front": self.front,
            "nearest": self.nearest,
            "reachable": self.reachable,
        }
        write_json(path, content, "the search")

    def write_picture(self, path: str | Path) -> None:
        """The picture of `picture.search_picture`, in the format that the name ends in."""
        from archcast.search.loop.picture import search_picture

        figure = search_picture(self)
        try:
            figure.savefig(str(path))
        except (OSError, ValueError) as error:
            raise InputError(f"picture {str(path)!r} cannot be written: {error}") from error


def source_column(measured: str) -> str:
    """Name of the column that tells where a measured one is from."""
    return f"{MEASURED[1]}{measured.removeprefix(MEASURED[0])}"


def _rounded(values: Doubles, quantity: Quantity) -> list[float]:
    """Six digits of what is predicted; counts as they are."""
    return [float(f"{value:.15g}" if quantity.is_size else f"{value:.6g}") for value in values]
