from dataclasses import replace

import pytest
from made_up import additive_labels
from zoo_entry import ZooMade
from zoo_recipe import Entry
from zoo_report import write_report

from archcast.predictors import BayesianLinear, FlopsBaseline, LookupTable, save
from archcast.training.fit import fit
from archcast.training.splits import group_split

LABELS = additive_labels()
SPLIT = group_split(LABELS, seed=0)
BASELINES = {"flops": fit(FlopsBaseline(), LABELS, SPLIT), "lightgbm": fit(BayesianLinear(), LABELS, SPLIT)}


@pytest.fixture
def made(tmp_path):
    fitted = fit(LookupTable(), LABELS, SPLIT)
    folder = save(fitted.predictor, tmp_path / "boards", card=fitted.card)
    entry = Entry(
        name="boards", space="nasbench201", metric="latency", tables=("made_up",), candidates=("cost",)
    )
    return ZooMade(entry, fitted, "lookup", folder, BASELINES)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_one_row_a_target_with_the_cards_figures(made, tmp_path):
    path = tmp_path / "docs" / "zoo.md"
    write_report([made], path)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "# The zoo"
    start = lines.index("## boards")
    table = [cells(line) for line in lines[start:] if line.startswith("|")]
    header, rule, *rows = table
    assert len(header) == len(rule) == 9
    assert set(rule) == {"---"}
    assert [row[0] for row in rows] == ["board_a/cifar10", "board_b/cifar10"]
    for row in rows:
        own, flops, other = (f.card.quality[row[0]] for f in (made.fitted, *BASELINES.values()))
        assert row[1:] == [
            str(len(SPLIT.test)),
            f"{own['spearman']:.4f}",
            f"{own['mape']:.2%}",
            f"{own['within_10']:.3f}",
            f"{flops['spearman']:.4f}",
            f"{other['spearman']:.4f}",
            f"{other['mape']:.2%}",
            f"{other['within_10']:.3f}",
        ]
        assert len(set(row[2:])) > 4, "figures must differ for this test to mean anything"


def test_the_text_says_what_was_fitted_to_what(made, tmp_path):
    write_report([made], tmp_path / "zoo.md")
    text = (tmp_path / "zoo.md").read_text(encoding="utf-8")
    size = made.summary()["kB"]
    assert (
        "latency of `nasbench201`; predictor `lookup`; "
        f"fitted to {len(SPLIT.train):,} architectures; {size} kB.\n"
        "Data: made up. Licence of the data: none.\n"
    ) in text
    assert "written out as a table" not in text
    assert text.endswith("|\n\n")


def test_an_export_is_called_one_and_entries_keep_their_order(made, tmp_path):
    card = replace(made.fitted.card, teacher="lookup")
    other = replace(
        made, entry=made.entry.model_copy(update={"name": "again"}), fitted=replace(made.fitted, card=card)
    )
    write_report([other, made], tmp_path / "zoo.md")
    text = (tmp_path / "zoo.md").read_text(encoding="utf-8")
    assert text.count("predictor `lookup`, written out as a table; fitted to") == 1
    assert text.index("## again") < text.index("## boards")


def test_nothing_made_leaves_the_heading(tmp_path):
    write_report([], tmp_path / "zoo.md")
    assert "|" not in (tmp_path / "zoo.md").read_text(encoding="utf-8")
