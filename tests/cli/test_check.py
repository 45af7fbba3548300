"""`archcast check`."""

import json

import pytest
from made_up import UNIT_MS

from archcast.cli.app import USER_MISTAKE
from archcast.featurize.spaces import SPACES

pytestmark = pytest.mark.filterwarnings("ignore:.* had (a shipped|another) predictor")
SPACE = SPACES["nasbench201"]
OLD, NEW = SPACE.sample(10, seed=0), SPACE.sample(12, seed=1)


def write(path, codes, factor=1.0, *, blank=0, first=1.0):
    values = (factor * (2.0 + UNIT_MS[codes].sum(axis=1))).tolist()
    values[0] *= first
    texts = SPACE.to_text(codes)
    rows = [f"{a},{'' if i < blank else v}\n" for i, (a, v) in enumerate(zip(texts, values, strict=True))]
    path.write_text("arch,value\n" + "".join(rows))
    return str(path)


@pytest.fixture
def board(run, tmp_path):
    done = run("adapt", "-d", "board", "--samples", write(tmp_path / "old.csv", OLD), "--no-track")
    assert done.code == 0, done.err
    return run


def test_right_and_not_right_end_with_0_and_1(board, tmp_path):
    right = board("check", "-d", "board", "--samples", write(tmp_path / "new.csv", NEW))
    assert right.code == 0, right.err
    assert right.out.startswith("verdict")
    assert "right, as far as 12 architectures tell" in right.out
    assert "from 10 measurements" in right.out
    slower = board("check", "-d", "board", "--samples", write(tmp_path / "new.csv", NEW, 2.0), "--json")
    assert slower.code == 1
    record = json.loads(slower.out)
    assert record["right"] is False
    assert record["bias"]["value"] == pytest.approx(-50, abs=10)


def test_what_does_not_fit_is_told_by_its_line(board, tmp_path):
    samples = write(tmp_path / "new.csv", NEW, first=0.02)
    done = board("check", "-d", "board", "--samples", samples)
    assert "do not fit" in done.out
    assert "line 2" in done.out


def test_new_measurements_are_taken_in(board, tmp_path):
    samples = write(tmp_path / "new.csv", NEW, blank=2)
    done = board("check", "-d", "board", "--samples", samples, "--adapt", "--json")
    assert done.code == 0, done.err
    assert "10 of 12 are filled" in done.err
    assert json.loads(done.out)["folder"].endswith("nasbench201-latency-board-cifar10")
    again = board("check", "-d", "board", "--samples", samples, "--json")
    learned = json.loads(again.out)["learned"]
    assert (learned["samples"], learned["again"]) == (20, 10)


def test_mistakes_end_with_2(board, tmp_path):
    samples = write(tmp_path / "new.csv", NEW)
    for words, said in (
        (("-d", "nowhere", "--samples", samples), "device for latency"),
        (("-d", "board", "--samples", str(tmp_path / "no.csv")), "cannot be read"),
        (("-d", "board", "--samples", write(tmp_path / "few.csv", NEW[:2])), "at least 3 different"),
        (("-d", "pixel2", "--samples", samples, "--adapt"), "keeps no measurements"),
        (("-d", "board", "--samples", write(tmp_path / "zero.csv", NEW, first=0.0)), "line 2)"),
        (("-d", "board", "--samples", "store"), "the store must hold latency measured on board"),
    ):
        done = board("check", *words)
        assert (done.code, said in done.err) == (USER_MISTAKE, True), done.err
