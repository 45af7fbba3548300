"""Make the shipped predictors anew from the public tables, by the recipe in `benchmarks/zoo.yaml`.

    python benchmarks/make_zoo.py --out archcast/zoo --report docs/zoo.md
    python benchmarks/make_zoo.py --out /tmp/zoo --only macro-accuracy
    python benchmarks/make_zoo.py --out /tmp/zoo --from-registry models:/fbnet.latency@champion

The last takes what `archcast train` fitted and `archcast promote` made the champion, and ships it as the
entry whose labels and held-out rows it has. Nothing is written but in the folder named, and the report.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from zoo_entry import Progress, ZooMade, make_entry, take_promoted
from zoo_recipe import RECIPE, read_recipe
from zoo_report import write_report
from zoo_sources import make_sources

from archcast.core.errors import ArchcastError, UnknownNameError


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--out", type=Path, required=True, help="folder that takes one folder an entry")
    words.add_argument("--only", action="append", help="only this entry; may be given several times")
    words.add_argument("--from-registry", help="address of a registered model to ship, models:/NAME@champion")
    words.add_argument("--report", type=Path, help="Markdown table of held-out quality to write")
    words.add_argument("--recipe", type=Path, default=RECIPE)
    chosen = words.parse_args()
    if chosen.from_registry and chosen.only:
        words.error("--only cannot be given with --from-registry: the run's labels say which entry it is")
    try:
        made = make_zoo(
            chosen.out,
            recipe=chosen.recipe,
            only=chosen.only,
            promoted=chosen.from_registry,
            progress=lambda text: print(text, file=sys.stderr),
        )
    except ArchcastError as error:
        sys.exit(f"make_zoo: {error}")
    if chosen.report is not None:
        write_report(made, chosen.report)
    print(json.dumps([entry.summary() for entry in made], indent=1))


def make_zoo(
    out: Path,
    *,
    recipe: Path = RECIPE,
    only: Sequence[str] | None = None,
    promoted: str | None = None,
    progress: Progress = lambda text: None,
) -> list[ZooMade]:
    """Make shipped predictors and, beside them, what plain ones reach on the same split.

    Args:
        only: names of entries; None makes all, and the source devices.
        promoted: a registered model to ship in place of fitting.

    Raises:
        UnknownNameError: no such entry or registered model.
        DataError: a table is not on this machine, or may not be shipped.
        InputError: the registered model is none of an entry.
    """
    read = read_recipe(recipe)
    if promoted is not None:
        return [take_promoted(read, promoted, out, progress)]
    names = [entry.name for entry in read.entries]
    for name in only or ():
        if name not in names:
            raise UnknownNameError("zoo entry", name, names)
    wanted = [entry for entry in read.entries if not only or entry.name in only]
    made = [make_entry(read, entry, out, progress) for entry in wanted]
    if not only:
        make_sources(read, out, progress)
    return made


if __name__ == "__main__":
    main()
