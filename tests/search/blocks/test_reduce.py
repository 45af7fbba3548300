"""Smaller spaces: what is dropped, what is in them, what is drawn from them."""

from pathlib import Path

import numpy as np
import pytest

from archcast.core.errors import InputError
from archcast.featurize.spaces import SPACES
from archcast.search.blocks.profile import profile_values
from archcast.search.blocks.reduce import ReducedSpace, reduce_space


def _reduced(cost, accuracy, space: str = "macro", keep: int = 2) -> ReducedSpace:
    one = profile_values(cost, space, metric="latency", device="board", samples=2_000)
    two = profile_values(accuracy, space, metric="accuracy", samples=2_000)
    return reduce_space(one, two, keep=keep)


def test_drops_what_is_slower_and_less_accurate() -> None:
    def cost(codes: np.ndarray) -> np.ndarray:
        return 1.0 + codes.sum(axis=1, dtype=np.float64)

    def accuracy(codes: np.ndarray) -> np.ndarray:
        worth = np.array([1.0, 3.0, 2.0])[codes]
        worth[:, 4] = codes[:, 4]  # there the dearest is the best, and nothing is dominated
        return 50.0 + worth.sum(axis=1)

    made = _reduced(cost, accuracy)
    for column in range(8):
        wanted = ((0,), (1,), (2,)) if column == 4 else ((0,), (1,))
        assert made.choices[(column,)] == wanted
    assert made.share == pytest.approx((2 / 3) ** 7)
    assert "latency on board" in made.rule


def test_keeps_the_least_bad_where_too_few_would_be_left() -> None:
    def cost(codes: np.ndarray) -> np.ndarray:
        return 1.0 + codes.sum(axis=1, dtype=np.float64)

    def accuracy(codes: np.ndarray) -> np.ndarray:
        return 50.0 - codes.sum(axis=1, dtype=np.float64)

    assert _reduced(cost, accuracy, keep=1).choices[(0,)] == ((0,),)
    assert _reduced(cost, accuracy, keep=2).choices[(0,)] == ((0,), (1,))
    assert _reduced(cost, accuracy, keep=9).share == 1.0
    with pytest.raises(InputError, match="at least 1"):
        _reduced(cost, accuracy, keep=0)


def test_what_is_within_the_errors_is_kept() -> None:
    def cost(codes: np.ndarray) -> np.ndarray:
        return 1.0 + codes[:, 3] * 1e-9

    def accuracy(codes: np.ndarray) -> np.ndarray:
        rng = np.random.default_rng(int(codes[0, 0]))
        return 50.0 + rng.normal(size=len(codes))

    assert _reduced(cost, accuracy, "fbnet").share > 0.5


def _half(name: str) -> ReducedSpace:
    """Every second block of each set of columns."""
    known = SPACES[name].places().columns()
    return ReducedSpace(name, {c: tuple(sorted(blocks)[::2]) for c, blocks in known.items()}, "half")


@pytest.mark.parametrize("name", ["nasbench201", "macro", "fbnet", "ofa_mbv3", "mnasnet", "skipnet"])
def test_members_are_of_both_spaces(name: str) -> None:
    space, half = SPACES[name], _half(name)
    drawn = half.sample(400, seed=0)
    assert drawn.dtype == np.int8
    for codes in (
        drawn,
        half.codes(np.random.default_rng(0).integers(0, half.cardinalities, (400, len(half.cardinalities)))),
    ):
        assert space.valid(codes).all()
        assert half.allows(codes).all()
    assert not half.allows(space.sample(400, seed=1)).all()
    edited, owner = half.neighbours(drawn[:20])
    assert half.allows(edited).all()
    every, whose = space.neighbours(drawn[:20])
    assert len(edited) == half.allows(every).sum()
    assert set(owner.tolist()) <= set(whose.tolist())


def test_allows_is_its_plain_definition() -> None:
    half = _half("ofa_mbv3")
    codes = SPACES["ofa_mbv3"].sample(200, seed=5)
    rich = np.concatenate([codes, half.sample(200, seed=6)])
    assert rich.shape[0] == 400
    for row, inside in zip(rich, half.allows(rich), strict=True):
        pairs = [(row[p], row[20 + p]) for p in range(20) if row[p]]
        assert inside == all((k, e) in {(1, 1), (1, 3), (2, 2), (3, 1), (3, 3)} for k, e in pairs)


def test_random_spaces_are_as_large() -> None:
    half = _half("mnasnet")
    one, two = half.like(seed=0), half.like(seed=1)
    assert one.choices != two.choices
    assert one.choices == half.like(seed=0).choices
    np.testing.assert_array_equal(one.cardinalities, half.cardinalities)
    assert one.share == two.share == half.share


def test_saved_and_read(tmp_path: Path) -> None:
    half = _half("ofa_mbv3")
    half.save(tmp_path / "half.json")
    again = ReducedSpace.read(tmp_path / "half.json")
    assert (again.choices, again.rule, again.space) == (half.choices, half.rule, half.space)
    np.testing.assert_array_equal(again.sample(50, seed=1), half.sample(50, seed=1))
    for content in ("[]", "{", '{"space": "macro", "choices": [{"columns": ["layer_9"], "codes": [[0]]}]}'):
        (tmp_path / "bad.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="reduced space"):
            ReducedSpace.read(tmp_path / "bad.json")
    with pytest.raises(InputError, match="cannot be read"):
        ReducedSpace.read(tmp_path / "none.json")


def test_refuses_what_is_no_block() -> None:
    with pytest.raises(InputError, match="no block of codes"):
        ReducedSpace("macro", {(0,): ((3,),)})
    with pytest.raises(InputError, match="no blocks in columns"):
        ReducedSpace("ofa_mbv3", {(0,): ((1,),)})
    with pytest.raises(InputError, match="distinct"):
        ReducedSpace("macro", {(0,): ()})


def test_sets_that_are_not_given_hold_all_blocks() -> None:
    one = ReducedSpace("ofa_mbv3", {(0, 20): ((1, 1),)})
    assert one.share == pytest.approx(1 / 9)
    codes = one.sample(100, seed=0)
    assert (codes[:, [0, 20]] == 1).all()
    assert len(np.unique(codes[:, 1])) == 3
    assert one.records()[0] == {
        "decision": "ks_0+e_0",
        "kept": "k3_e3",
        "left_out": "k3_e4, k3_e6, k5_e3, k5_e4, k5_e6, k7_e3, k7_e4, k7_e6",
    }


@pytest.mark.parametrize("space", ["macro", "mnasnet", "ofa_mbv3", "fbnet"])
def test_genes_of_members_stand_for_them(space: str) -> None:
    made = ReducedSpace(space, {}).like(seed=1)
    half = {columns: allowed[: (len(allowed) + 1) // 2] for columns, allowed in made.choices.items()}
    smaller = ReducedSpace(space, half)
    members = smaller.sample(50, seed=2)
    genes = smaller.genes(members)
    assert (genes < smaller.cardinalities).all()
    assert len(smaller.gene_names) == genes.shape[1]
    np.testing.assert_array_equal(smaller.codes(genes), members)
    outside = SPACES[space].sample(400, seed=3)
    outside = outside[~smaller.allows(outside)]
    with pytest.raises(InputError, match=r"must be in the smaller space, got .* \(item 50\)"):
        smaller.genes(np.concatenate([members, outside]))
