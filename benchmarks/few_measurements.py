"""Tables of the protocols of few measurements in per cent, from the CSV files that `archcast evaluate` wrote.

archcast evaluate leave-one-device-out --csv benchmarks/results/leave-one-device-out.csv
python benchmarks/few_measurements.py                          # a summary of every protocol
python benchmarks/few_measurements.py leave-one-device-out     # by device
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
COUNTS = ("5", "10", "20", "100")
FLOOR = "noise floor"
PREDICTORS = ("adapted, random", "adapted, suggested", "lightgbm, random", "lookup, random", FLOOR)
HEADS = {"mape": "MAPE", "within_5": "within 5 %", "within_10": "within 10 %", "within_20": "within 20 %"}
TOLD = ("predictor", "seeds", "measured", "figure", "mean", "deviation", "worst", "source")
Found = dict[tuple[str, str, str], dict[str, str]]
"""(predictor, measured, figure) -> record."""


def read(path: Path) -> Found:
    """Records of a protocol of few measurements; none of another."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("seeds") and row.get("figure")]
    return {(row["predictor"], row["measured"], row["figure"]): row for row in rows}


def summary(protocols: Iterable[str]) -> list[list[str]]:
    """One line a protocol and predictor: means over devices, by the number of measurements."""
    columns = [("mape", n) for n in COUNTS] + [("within_10", n) for n in COUNTS]
    columns += [("within_5", "10"), ("within_20", "10")]
    table = [["protocol", "", *(f"{HEADS[figure]}, {n}" for figure, n in columns)]]
    for protocol in protocols:
        found = read(RESULTS / f"{protocol}.csv")
        for name in PREDICTORS:
            counted = [(figure, "0" if name == FLOOR else n) for figure, n in columns]
            cells = [shown(found.get((name, n, figure), {}).get("mean"), figure) for figure, n in counted]
            if any(cell != "-" for cell in cells):
                table.append([f"`{protocol}`", name, *cells])
    return table


def by_device(protocol: str) -> list[list[str]]:
    """One line a device: the share within 10 % by count and predictor, and the error from ten."""
    found = read(RESULTS / f"{protocol}.csv")
    own, few, many = PREDICTORS[1], ("lightgbm, random", "lookup, random"), ("10", "100")
    columns = [(own, n, "within_10") for n in COUNTS]
    columns += [(name, n, "within_10") for name in few for n in many]
    columns += [(FLOOR, "0", "within_10"), (own, "10", "mape"), (FLOOR, "0", "mape")]
    columns = [column for column in columns if column in found]
    devices = [name for name in next(iter(found.values())) if name not in TOLD]
    heads = [
        name + (f", {n}" if n != "0" else "") + (" (MAPE)" if figure == "mape" else "")
        for name, n, figure in columns
    ]
    table = [["device", *heads]]
    table += [
        [device, *(shown(found[column].get(device), column[2]) for column in columns)] for device in devices
    ]
    return [*table, ["mean", *(shown(found[column].get("mean"), column[2]) for column in columns)]]


def shown(value: str | None, figure: str) -> str:
    """A figure as tables have it; MAPE in per cent."""
    if not value:
        return "-"
    return f"{100 * float(value):.1f} %" if figure == "mape" else f"{float(value):.2f}"


def markdown(table: list[list[str]]) -> str:
    """A table as Markdown."""
    lines = [table[0], ["---"] * len(table[0]), *table[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Print the summary, or the protocols named by device."""
    if names := sys.argv[1:]:
        print("\n\n".join(markdown(by_device(name)) for name in names))
        return
    every = [
        path.stem for path in sorted(RESULTS.glob("*.csv")) if ("adapted, random", "10", "mape") in read(path)
    ]
    print(markdown(summary(every)))


if __name__ == "__main__":
    main()
