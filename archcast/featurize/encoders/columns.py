"""Names and versions of what predictors read of architectures, by which alone each of them is refused.

| part | columns | read |
|---|---|---|
| `decisions` | the space's decisions, with the number of their values | whole |
| `terms` | the space's own terms | whole |
| `features` | named features | by name |
| `structure` | groups of `archcast.featurize.spaces.structure`, with their widths | whole |
| `blocks` | blocks of `archcast.featurize.encoders.kernel_blocks`, with their widths | whole |
| `graph` | node types and node features of the space's DAGs, as numbers of them | whole |
| `operators` | operators in the networks that costs are summed of | by name |

What is read whole must be the same columns in the same order; what is read by name may stand beside others.
A version is raised where the meaning of a name changes: of a feature in `FEATURE_VERSIONS`, of a space's own
columns in its `versions`, of an operator in its entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from archcast.core.errors import UnknownNameError
from archcast.featurize.cost import nodes_cost
from archcast.featurize.encoders.kernel_blocks import block_widths
from archcast.featurize.features import FEATURE_VERSIONS, feature_names
from archcast.featurize.operators import OPERATORS
from archcast.featurize.spaces import Space

Columns = Mapping[str, Mapping[str, int]]
"""Part -> name -> version (of a decision: the number of its values, unless its space gives it another)."""
PARTS = ("decisions", "terms", "features", "structure", "blocks", "graph")
_BY_NAME = ("features", "operators")
_COSTLESS = ("decisions", "terms", "blocks", "features/nn_degree")
"""No cost of an operator is in them."""
_DRAWN = 32


def columns_read(
    space: Space, parts: Sequence[str], dataset: str, *, features: Sequence[str] | None = None
) -> dict[str, dict[str, int]]:
    """What a predictor of some parts reads; one feature alone is named `features/NAME`.

    Args:
        features: the only features that the part of that name stands for; None takes all.

    Raises:
        UnknownNameError: no such part.
    """
    read: dict[str, dict[str, int]] = {}
    for part in parts:
        name, _, only = part.partition("/")
        columns = columns_of(space, name, dataset)
        chosen = (only,) if only else features if features is not None and name == "features" else columns
        read.setdefault(name, {}).update({column: columns[column] for column in chosen})
    if space.counts_nodes and any(part not in _COSTLESS for part in parts):
        read["operators"] = dict(columns_of(space, "operators", dataset))
    return read


def refusal(space: Space, read: Columns, dataset: str) -> str:
    """Why what was read once cannot be read now, in one clause; empty where it can."""
    for part, recorded in read.items():
        if part not in (*PARTS, "operators"):
            return f"it reads {part} of architectures, which this version does not know"
        current = _known_operators(recorded) if part == "operators" else columns_of(space, part, dataset)
        for name, version in recorded.items():
            if name not in current:
                return f"it reads {_one(part, name)} of {space.name}, which this version lacks"
            if version != current[name]:
                return (
                    f"it reads {_one(part, name)} of {space.name} in version {version}; "
                    f"this version has {current[name]}"
                )
        if part not in _BY_NAME and list(recorded) != list(current):
            return f"it reads all {part} of {space.name}, and this version has others or another order"
    return ""


@lru_cache(maxsize=256)
def columns_of(space: Space, part: str, dataset: str) -> Mapping[str, int]:
    """Names and versions that a part has now.

    Raises:
        UnknownNameError: no such part.
    """
    one = space.sample(1, seed=0)
    if part == "decisions":
        pairs = zip(space.columns, space.cardinalities, strict=True)
        return {name: space.versions.get(name, values) for name, values in pairs}
    if part == "features":
        return {name: FEATURE_VERSIONS.get(name, 1) for name in feature_names(space)}
    if part == "operators":
        return _operators(space, dataset)
    if part == "terms":
        names = list(space.terms(one)[0])
    elif part == "structure":
        names = [f"{name} ({columns.shape[1]})" for name, columns in space.structure(one, dataset).items()]
    elif part == "blocks":
        names = [f"{name} ({width})" for name, width in block_widths(space, dataset).items()]
    elif part == "graph":
        graphs = space.dag(one, dataset)
        names = [f"node types ({graphs.types})", f"node features ({graphs.node_features.shape[1]})"]
    else:
        raise UnknownNameError("part that is read", part, PARTS)
    return {name: space.versions.get(name.partition(" (")[0], 1) for name in names}


def _operators(space: Space, dataset: str) -> dict[str, int]:
    """Operators, but views, of what networks drawn at random are made of."""
    drawn = space.summands(space.sample(_DRAWN, seed=0), dataset)
    networks = [network for summand in drawn for network in summand.networks]
    nodes = {node.op: (node, network.values) for network in networks for node in network.nodes}
    used = {op for op, (node, values) in nodes.items() if nodes_cost([node], values).any()}
    return {name: OPERATORS[name].version for name in sorted(used)}


def _known_operators(names: Mapping[str, int]) -> dict[str, int]:
    return {name: OPERATORS[name].version for name in names if name in OPERATORS}


def _one(part: str, name: str) -> str:
    singular = {"decisions": "decision", "terms": "term", "features": "feature", "operators": "operator"}
    return f"the {singular.get(part, part)} {name}"
