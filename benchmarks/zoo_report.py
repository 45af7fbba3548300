"""The zoo's held-out quality: figures, and the page that shows them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from zoo_entry import ZooMade

from archcast.predictors import Tabulated

RESULTS = Path(__file__).parent / "results" / "zoo.csv"
_TABLE = """\
<!-- results: select target, held_out as "held out", printf('%.4f', spearman) as Spearman,
  printf('%.2f%%', 100 * mape) as MAPE, printf('%.3f', within_10) as "within 10 %",
  printf('%.4f', flops_spearman) as "FLOPs: Spearman",
  printf('%.4f', lightgbm_spearman) as "LightGBM: Spearman",
  printf('%.2f%%', 100 * lightgbm_mape) as "LightGBM: MAPE",
  printf('%.3f', lightgbm_within_10) as "LightGBM: within 10 %" from 'zoo.csv' where entry = '{entry}' -->"""


def write_report(made: Sequence[ZooMade], path: Path, figures: Path = RESULTS) -> None:
    """Write the figures, and a page with a section an entry, whose tables `make tables` fills from them."""
    lines = [
        "# The zoo",
        "",
        "Predictors that ship inside the package, with their quality on held-out architectures: 20 % of the",
        "groups of equal architectures, none of which was used to fit or to choose a predictor. Beside each",
        "stand the plain FLOPs baseline and plain LightGBM (400 trees on decisions and features), fitted to",
        "and measured on the same rows. MAPE is the mean absolute error relative to the measurement.",
        "",
        "`python benchmarks/make_zoo.py --out archcast/zoo --report docs/zoo.md` and `make tables` make",
        "models and tables anew, by the recipe in `benchmarks/zoo.yaml`. With",
        "`--from-registry models:/NAME@champion` it ships what `archcast train` fitted and `archcast",
        "promote` made the champion, where that held out the same rows.",
        "",
    ]
    for entry in made:
        lines += _section(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    records = [record for one in made for record in _records(one)]
    with figures.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def _form(made: ZooMade) -> str:
    """How the entry is served in its predictor's place, and how well that does."""
    card = made.fitted.card
    if not card.teacher:
        return ""
    if made.fitted.predictor.family == Tabulated.family:
        return ", written out as a table"
    found = card.agreement
    return (
        f", distilled: Spearman {found['spearman']:.5f} with its teacher on {found['rows']:,.0f} "
        f"architectures, no answer farther than {found['most_difference']:.2%} from it, an error at most "
        f"{found['worse']:+.1%} larger by {found['held_out']:.0f} held-out measurements"
    )


def _section(made: ZooMade) -> list[str]:
    card, summary = made.fitted.card, made.summary()
    return [
        f"## {made.entry.name}",
        "",
        f"{made.entry.metric} of `{made.entry.space}`; predictor `{made.family}`"
        + _form(made)
        + f"; fitted to {card.rows:,} architectures; {summary['kB']} kB.",
        f"Data: {'; '.join(card.sources)}. Licence of the data: {'; '.join(card.licences)}.",
        "",
        _TABLE.format(entry=made.entry.name),
        "",
    ]


def _records(made: ZooMade) -> list[dict[str, object]]:
    """Figures of an entry, a record a target."""
    records = []
    for target in made.fitted.card.quality:
        own, flops, boosted = (
            card.quality[target]
            for card in (made.fitted.card, made.baselines["flops"].card, made.baselines["lightgbm"].card)
        )
        records.append(
            {
                "entry": made.entry.name,
                "target": target,
                "held_out": f"{own['rows']:.0f}",
                "spearman": f"{own['spearman']:.4f}",
                "mape": f"{own['mape']:.4f}",
                "within_10": f"{own['within_10']:.3f}",
                "flops_spearman": f"{flops['spearman']:.4f}",
                "lightgbm_spearman": f"{boosted['spearman']:.4f}",
                "lightgbm_mape": f"{boosted['mape']:.4f}",
                "lightgbm_within_10": f"{boosted['within_10']:.3f}",
            }
        )
    return records
