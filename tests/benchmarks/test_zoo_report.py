import csv
from dataclasses import replace

import pytest
from made_up import additive_labels
from zoo_entry import ZooMade
from zoo_recipe import Entry
from zoo_report import write_report

from archcast.predictors import BayesianLinear, FlopsBaseline, LookupTable, Tabulated, save
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


@pytest.fixture
def written(tmp_path):
    """Writes a report; gives its page's text, and the figures as records."""

    def write(*made):
        write_report(made, tmp_path / "docs" / "zoo.md", tmp_path / "zoo.csv")
        with (tmp_path / "zoo.csv").open(newline="", encoding="utf-8") as file:
            return (tmp_path / "docs" / "zoo.md").read_text(encoding="utf-8"), list(csv.DictReader(file))

    return write


def test_one_row_a_target_with_the_cards_figures(made, written):
    text, rows = written(made)
    assert text.startswith("# The zoo\n")
    assert "from 'zoo.csv' where entry = 'boards' -->" in text
    assert [row["target"] for row in rows] == ["board_a/cifar10", "board_b/cifar10"]
    expected = []
    for row in rows:
        own, flops, other = (f.card.quality[row["target"]] for f in (made.fitted, *BASELINES.values()))
        expected.append(
            {
                "entry": "boards",
                "target": row["target"],
                "held_out": str(len(SPLIT.test)),
                "spearman": f"{own['spearman']:.4f}",
                "mape": f"{own['mape']:.4f}",
                "within_10": f"{own['within_10']:.3f}",
                "flops_spearman": f"{flops['spearman']:.4f}",
                "lightgbm_spearman": f"{other['spearman']:.4f}",
                "lightgbm_mape": f"{other['mape']:.4f}",
                "lightgbm_within_10": f"{other['within_10']:.3f}",
            }
        )
    assert rows == expected
    assert len(set(rows[0].values())) > 6, "figures must differ for this test to mean anything"


def test_the_text_says_what_was_fitted_to_what(made, written):
    text, _ = written(made)
    size = made.summary()["kB"]
    assert (
        "latency of `nasbench201`; predictor `lookup`; "
        f"fitted to {len(SPLIT.train):,} architectures; {size} kB.\n"
        "Data: made up. Licence of the data: none.\n"
    ) in text
    assert "written out as a table" not in text


def test_an_export_is_called_one_and_entries_keep_their_order(made, written):
    card = replace(made.fitted.card, teacher="lookup")
    table = Tabulated.of(made.fitted.predictor)
    other = replace(
        made,
        entry=made.entry.model_copy(update={"name": "again"}),
        fitted=replace(made.fitted, card=card, predictor=table),
    )
    text, _ = written(other, made)
    assert text.count("predictor `lookup`, written out as a table; fitted to") == 1
    assert text.index("## again") < text.index("## boards")
