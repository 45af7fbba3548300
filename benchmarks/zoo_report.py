"""The table of the zoo's held-out quality, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zoo_entry import ZooMade

from archcast.predictors import Distilled

_COLUMNS = (
    "target",
    "held out",
    "Spearman",
    "MAPE",
    "within 10 %",
    "FLOPs: Spearman",
    "LightGBM: Spearman",
    "LightGBM: MAPE",
    "LightGBM: within 10 %",
)


def write_report(made: Sequence[ZooMade], path: Path) -> None:
    """Write one section an entry; the text around the table is the document's own."""
    lines = [
        "# The zoo",
        "",
        "Predictors that ship inside the package, with their quality on held-out architectures: 20 % of the",
        "groups of equal architectures, none of which was used to fit or to choose a predictor. Beside each",
        "stand the plain FLOPs baseline and plain LightGBM (400 trees on decisions and features), fitted to",
        "and measured on the same rows. MAPE is the mean absolute error relative to the measurement.",
        "",
        "`python benchmarks/make_zoo.py --out archcast/zoo --report docs/zoo.md` makes models and table",
        "anew, by the recipe in `benchmarks/zoo.yaml`. With `--from-registry models:/NAME@champion` it ships",
        "what `archcast train` fitted and `archcast promote` made the champion, where that held out the same",
        "rows.",
        "",
    ]
    for entry in made:
        lines += _section(entry)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _form(made: ZooMade) -> str:
    """How the entry is served in its predictor's place, and how well that does."""
    card = made.fitted.card
    if not card.teacher:
        return ""
    if made.fitted.predictor.family != Distilled.family:
        return ", written out as a table"
    found = card.agreement
    return (
        f", distilled: Spearman {found['spearman']:.5f} with its teacher on {found['rows']:,.0f} "
        f"architectures, no answer farther than {found['most_difference']:.2%} from it, an error at most "
        f"{found['worse']:+.1%} larger by {found['held_out']:.0f} held-out measurements"
    )


def _section(made: ZooMade) -> list[str]:
    card, summary = made.fitted.card, made.summary()
    rows = [
        f"## {made.entry.name}",
        "",
        f"{made.entry.metric} of `{made.entry.space}`; predictor `{made.family}`"
        + _form(made)
        + f"; fitted to {card.rows:,} architectures; {summary['kB']} kB.",
        f"Data: {'; '.join(card.sources)}. Licence of the data: {'; '.join(card.licences)}.",
        "",
        "| " + " | ".join(_COLUMNS) + " |",
        "|---" * len(_COLUMNS) + "|",
    ]
    for target in card.quality:
        own, flops, boosted = (
            c.quality[target] for c in (card, made.baselines["flops"].card, made.baselines["lightgbm"].card)
        )
        figures = [
            f"{own['rows']:.0f}",
            f"{own['spearman']:.4f}",
            f"{own['mape']:.2%}",
            f"{own['within_10']:.3f}",
            f"{flops['spearman']:.4f}",
            f"{boosted['spearman']:.4f}",
            f"{boosted['mape']:.2%}",
            f"{boosted['within_10']:.3f}",
        ]
        rows.append(f"| {target} | " + " | ".join(figures) + " |")
    return [*rows, ""]
