"""Smaller spaces from profiles: blocks that lose twice are left out.

A block is dominated in a place when another one that fits there has a better mean response in both profiles,
each by more than two standard errors of the difference. Blocks that share columns in several places (the
layers of a mnasnet block are alike) are dominated when they are in each of those places. Dominated blocks
are left out, but never so many that fewer than `keep` are left: those that lose by least are kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.arrays import Bools, Codes, Doubles, Ints
from archcast.core.checks import check_whole
from archcast.core.errors import InputError, shorten
from archcast.core.metric import METRICS
from archcast.featurize.spaces import SPACES, Space
from archcast.featurize.spaces.places import Places
from archcast.search.blocks.gain import CERTAIN, check_pair
from archcast.search.blocks.profile import Profile
from archcast.search.records_file import write_json

Columns = tuple[int, ...]
Allowed = tuple[tuple[int, ...], ...]
_DRAW_STREAM, _LIKE_STREAM = 2, 3


@dataclass(frozen=True)
class ReducedSpace:
    """A space in which some columns may only hold some codes.

    Genes are independent whole numbers: one for each set of columns in which blocks are alternatives, which
    counts the allowed ones, then one for each other column, which is its code.

    Attributes:
        space: name of the whole space.
        choices: sets of columns in which blocks are alternatives, and the codes that they may hold together;
            sets that are not given hold all blocks, and layers that are not there hold none.
        rule: how it was made, in words.
    """

    space: str
    choices: Mapping[Columns, Allowed]
    rule: str = ""

    def __post_init__(self) -> None:
        known = SPACES[self.space].places().columns()
        for columns, allowed in self.choices.items():
            if columns not in known:
                raise InputError(f"{self.space} has no blocks in columns {columns}")
            if not allowed or len(set(allowed)) != len(allowed):
                raise InputError(
                    f"columns {columns} must have distinct allowed codes, got {shorten(allowed)}"
                )
            for codes in allowed:
                if codes not in known[columns]:
                    raise InputError(f"columns {columns} of {self.space} have no block of codes {codes}")
        whole = {columns: tuple(self.choices.get(columns, blocks)) for columns, blocks in known.items()}
        object.__setattr__(self, "choices", whole)

    @cached_property
    def places(self) -> Places:
        """Units, layers and blocks of the whole space."""
        return self._space.places()

    @cached_property
    def _space(self) -> Space:
        return SPACES[self.space]

    @cached_property
    def _free(self) -> tuple[int, ...]:
        taken = {c for columns in self.choices for c in columns}
        return tuple(c for c in range(len(self._space.columns)) if c not in taken)

    @cached_property
    def cardinalities(self) -> Ints:
        """(g,): number of values of each gene."""
        counts = [len(allowed) for allowed in self.choices.values()]
        return np.array(counts + [self._space.cardinalities[c] for c in self._free], dtype=np.int64)

    @property
    def gene_names(self) -> tuple[str, ...]:
        """Columns that each gene decides."""
        names = self._space.columns
        sets = [*self.choices, *((c,) for c in self._free)]
        return tuple("+".join(names[c] for c in columns) for columns in sets)

    @property
    def share(self) -> float:
        """Share of the networks with every layer there that is in."""
        whole = self.places.columns()
        return float(np.prod([len(a) / len(whole[c]) for c, a in self.choices.items()]))

    def codes(self, genes: Ints) -> Codes:
        """Members of genes.

        Shapes:
            genes: (n, g), each below its cardinality; output: (n, k)
        """
        out = np.zeros((len(genes), len(self._space.columns)), dtype=np.int8)
        for g, (columns, allowed) in enumerate(self.choices.items()):
            out[:, list(columns)] = np.array(allowed, dtype=np.int8)[genes[:, g]]
        out[:, list(self._free)] = genes[:, len(self.choices) :]
        return self._space.normalise(out)

    def genes(self, codes: Codes) -> Ints:
        """Genes of members of this space; the inverse of `codes` but for genes of layers that are not there.

        Shapes:
            codes: (n, k); output: (n, g)

        Raises:
            InputError: not all are members; names the first that is not.
        """
        inside = self.allows(codes)
        if not inside.all():
            item = int((~inside).argmax())
            arch = self._space.to_text(codes[item : item + 1])[0]
            raise InputError(f"architectures must be in the smaller space, got {shorten(arch)}", item=item)
        genes = np.zeros((len(codes), len(self.cardinalities)), dtype=np.int64)
        for g, (columns, allowed) in enumerate(self.choices.items()):
            own = codes[:, None, list(columns)] == np.array(allowed, dtype=np.int8)
            genes[:, g] = own.all(axis=2).argmax(axis=1)
        genes[:, len(self.choices) :] = codes[:, list(self._free)]
        return genes

    def allows(self, codes: Codes) -> Bools:
        """Whether members of the whole space are members of this one.

        Shapes:
            codes: (n, k); output: (n,)
        """
        out = np.ones(len(codes), dtype=bool)
        for columns, allowed in self.choices.items():
            own = codes[:, None, list(columns)]
            inside = np.any(np.all(own == np.array(allowed, dtype=np.int8), axis=2), axis=1)
            out &= inside | self._absent(codes, columns)
        return out

    def sample(self, n: int, *, seed: int) -> Codes:
        """`n` members: those of the whole space's `sample`, with blocks drawn from the allowed ones.

        Shapes:
            output: (n, k)
        """
        check_whole(n, "n", least=1)
        rng = np.random.default_rng([seed, _DRAW_STREAM])
        drawn = self._space.sample(n, seed=seed)
        out = self._space.complete(drawn, seed=seed)
        for columns, allowed in self.choices.items():
            out[:, list(columns)] = np.array(allowed, dtype=np.int8)[rng.integers(len(allowed), size=n)]
        return self._space.normalise(out)

    def neighbours(self, codes: Codes) -> tuple[Codes, Ints]:
        """Members one edit away that are in this space.

        Shapes:
            codes: (n, k); output: (m, k) and (m,), the row each neighbour belongs to
        """
        edited, owner = self._space.neighbours(codes)
        kept = self.allows(edited)
        return edited[kept], owner[kept]

    def like(self, *, seed: int) -> ReducedSpace:
        """A space of the same size whose blocks are drawn at random: as many in each set of columns."""
        rng = np.random.default_rng([seed, _LIKE_STREAM])
        whole, choices = self.places.columns(), {}
        for columns, allowed in self.choices.items():
            every = sorted(whole[columns])
            drawn = rng.choice(len(every), size=len(allowed), replace=False)
            choices[columns] = tuple(every[i] for i in sorted(drawn.tolist()))
        return ReducedSpace(self.space, choices, f"random, as large as: {self.rule}")

    def records(self) -> list[dict[str, Any]]:
        """One record a set of columns: blocks kept and left out."""
        whole, names, blocks = self.places.columns(), self._space.columns, self.places.blocks
        records = []
        for columns, allowed in self.choices.items():
            kept = {whole[columns][codes] for codes in allowed}
            out = [blocks[b] for b in whole[columns].values() if b not in kept]
            decision = "+".join(names[c] for c in columns)
            kept_names = ", ".join(blocks[b] for b in sorted(kept))
            records.append({"decision": decision, "kept": kept_names, "left_out": ", ".join(out) or "-"})
        return records

    def save(self, path: str | Path) -> None:
        """Write it as JSON, columns by name.

        Raises:
            InputError: the file cannot be written.
        """
        names = self._space.columns
        choices = [
            {"columns": [names[c] for c in columns], "codes": [list(codes) for codes in allowed]}
            for columns, allowed in self.choices.items()
        ]
        write_json(path, {"space": self.space, "rule": self.rule, "choices": choices}, "the smaller space")

    @classmethod
    def read(cls, path: str | Path) -> ReducedSpace:
        """What `save` wrote.

        Raises:
            InputError: the file cannot be read or is no reduced space.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            names = list(SPACES[content["space"]].columns)
            choices = {
                tuple(names.index(name) for name in one["columns"]): tuple(map(tuple, one["codes"]))
                for one in content["choices"]
            }
            return cls(content["space"], choices, content["rule"])
        except InputError:
            raise
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"file {str(path)!r} cannot be read: {error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"file {str(path)!r} must be a reduced space, got {error!r}") from error

    def _absent(self, codes: Codes, columns: Columns) -> Bools:
        """Whether the layer of a set of columns is not there, which codes of 0 that no block has tell."""
        if (0,) * len(columns) in self.places.columns()[columns]:
            return np.zeros(len(codes), dtype=bool)
        absent: Bools = np.all(codes[:, list(columns)] == 0, axis=1)
        return absent


def reduce_space(cost: Profile, accuracy: Profile, *, keep: int = 2) -> ReducedSpace:
    """The space without blocks that are dominated, see the module's head.

    Args:
        cost: profile of latency, energy, memory or throughput.
        accuracy: profile of accuracy.
        keep: fewest blocks that are left for each set of columns.

    Raises:
        InputError: profiles of different spaces or metrics that do not fit; keep below 1.
    """
    check_pair(cost, accuracy)
    if keep < 1:
        raise InputError(f"keep must be at least 1, got {keep}")
    lost = _lost_by(cost, accuracy)
    choices: dict[Columns, Allowed] = {}
    for columns, blocks in cost.places.columns().items():
        here = [
            p for p, place in enumerate(cost.places.places) if any(f.columns == columns for f in place.forced)
        ]
        own = np.array([lost[here, b].min() for b in blocks.values()])
        order = np.argsort(own, kind="stable")
        count = max(int((own <= 0.0).sum()), min(keep, len(own)))
        codes = list(blocks)
        choices[columns] = tuple(codes[i] for i in sorted(order[:count].tolist()))
    rule = (
        f"dropped: mean {cost.metric} on {cost.device} and mean accuracy both worse than another block's in "
        f"the same place by more than {CERTAIN:g} standard errors; at least {keep} kept"
    )
    return ReducedSpace(cost.space, choices, rule)


def _lost_by(cost: Profile, accuracy: Profile) -> Doubles:
    """By how much each block loses in each place: 0 where it is not dominated.

    Shapes:
        output: (P, K); the lesser of its losses in both profiles, each in the place's range, to the block
        that it loses to by most
    """
    out = np.zeros(cost.found.response.shape[:2])
    for p, place in enumerate(cost.places.places):
        for own in place.alternatives():
            losses = [_losses(one, p, own) for one in (cost, accuracy)]
            out[p, own] = np.maximum(np.minimum(*losses).max(axis=1), 0.0)
    return out


def _losses(profile: Profile, p: int, blocks: list[int]) -> Doubles:
    """(own, other): by how much `own` is worse than `other`, as a share of the range; -1 if not surely."""
    sign = 1.0 if METRICS[profile.metric].lower_is_better else -1.0
    worth = sign * profile.found.response[p, blocks, 0]
    error = profile.found.error[p, blocks, 0]
    apart = worth[:, None] - worth[None, :]
    surely = apart > CERTAIN * np.hypot(error[:, None], error[None, :])
    reach = float(np.ptp(worth)) or 1.0
    return np.where(surely, apart / reach, -1.0)
