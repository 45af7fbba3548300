"""The loops that users copy, each with a small budget."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import archcast

LOOPS = Path(__file__).resolve().parents[1] / "examples" / "loops"


def loop(name):
    spec = importlib.util.spec_from_file_location(f"loop_{name}", LOOPS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn_best(n, limit_ms):
    """Best accuracy within the limit of `n` random cells."""
    codes = archcast.spaces("nasbench201").sample(n, seed=99)
    accuracy = archcast.predict(codes, metric="accuracy", space="nasbench201")
    return accuracy[archcast.predict(codes, "raspi4", space="nasbench201") <= limit_ms].max()


def test_every_loop_says_what_it_follows_and_leaves_out():
    names = sorted(LOOPS.glob("*.py"))
    assert len(names) == 8
    for name in names:
        text = name.read_text()
        assert "Method:" in text
        assert "eft out:" in text


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("evolution", {"budget": 300}),
        ("annealing", {"budget": 600}),
        ("with_optuna", {"trials": 60}),
    ],
)
def test_loops_hold_the_limit_and_beat_a_few_draws(name, given):
    arch, accuracy, ms = loop(name).main(limit_ms=30.0, **given)
    assert ms <= 30.0
    assert accuracy > drawn_best(15, 30.0)
    np.testing.assert_allclose(archcast.predict([arch], metric="accuracy"), accuracy, rtol=1e-5)


def test_neighbours_are_averaged():
    module = loop("neighbours")
    arch, mean, ms = module.main(n=100)
    assert ms <= 30.0
    codes = archcast.parse([arch])
    around, _ = archcast.spaces("nasbench201").neighbours(codes)
    everyone = np.concatenate([codes, around])
    assert len(everyone) == 25
    plain = archcast.predict(everyone, metric="accuracy", space="nasbench201")
    np.testing.assert_allclose(mean, plain.mean(), rtol=1e-6)


def test_samples_become_fewer_as_the_distribution_becomes_surer():
    arch, sizes, expected_ms = loop("probabilistic").main(steps=80)
    assert sizes[0] == round(4.0 * 6 * np.log(5))
    assert sizes[-1] < sizes[0]
    assert expected_ms < 33.0
    assert archcast.predict([arch], metric="accuracy")[0] > 90.0


def test_shrinking_takes_one_edge_a_step():
    path = loop("shrink").main(limit_ms=30.0)
    edges = [arch.count("nor_conv_3x3") for arch, _, _ in path]
    assert edges == list(range(6, 6 - len(path), -1))
    assert path[-1][2] <= 30.0 < path[-2][2]
    with pytest.raises(SystemExit, match="limit must be at least"):
        loop("shrink").main(limit_ms=1.0)


def test_pymoo_finds_a_front():
    front = loop("with_pymoo").main(generations=8, population=24)
    accuracy, ms = np.array([row[1] for row in front]), np.array([row[2] for row in front])
    assert (np.diff(ms) > 0).all()
    assert (np.diff(accuracy) > 0).all()


def test_a_table_and_archcast_take_the_same_place(tmp_path, capsys):
    module = loop("lookup_table")
    cost = archcast.load("raspi4", space="fbnet")
    base = np.zeros((1, 22), dtype=np.int8)
    at_base = float(cost.predict(base)[0])
    rows = ["layer,choice,ms"]
    for layer in range(22):
        for choice in range(9):
            code = base.copy()
            code[0, layer] = choice
            rows.append(f"{layer},{choice},{float(cost.predict(code)[0]) - at_base + at_base / 22}")
    (tmp_path / "mine.csv").write_text("\n".join(rows))
    for table in (None, tmp_path / "mine.csv"):
        arch, macs, ms = module.main(25.0, 500, table)
        assert ms <= 25.0
        assert macs > 1e7
        assert str(arch) in capsys.readouterr().out
    by_table = module.table_cost(tmp_path / "mine.csv")(base)
    np.testing.assert_allclose(by_table, at_base, rtol=1e-6)
    with pytest.raises(SystemExit, match="limit must be at least"):
        module.main(0.1, 50)
