"""The shipped source devices: each device's own weighted sum of terms, and the prior of all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from zoo_entry import Progress
from zoo_recipe import Entry, Recipe

from archcast.core.labels import Labels
from archcast.predictors import Additive, Card, save
from archcast.predictors.adapt.sources import PRIOR_FILE, SourceDevices, learn_prior
from archcast.predictors.artifact.arrays import pack
from archcast.predictors.artifact.manifest import load, read_manifest


def make_sources(recipe: Recipe, root: Path, progress: Progress) -> list[Path]:
    """Write the source devices of every space that has some, and their prior, below `root/sources`.

    Raises:
        DataError: a table is not on this machine.
    """
    made = []
    by_space: dict[str, list[Entry]] = {}
    for entry in recipe.entries:
        if entry.sources:
            by_space.setdefault(entry.space, []).append(entry)
    for space, entries in by_space.items():
        folder = root / "sources" / f".{space}.new"
        shutil.rmtree(folder, ignore_errors=True)
        for entry in entries:
            progress(f"{entry.name}: fitting each source device on its own")
            labels = entry.labels()
            save(Additive().fit(labels), folder / entry.metric, card=_card(labels))
        models = tuple(load(read_manifest(folder / entry.metric)) for entry in entries)
        known = SourceDevices(space, models)
        progress(f"{space}: learning the prior of {len(known.names)} devices")
        (folder / PRIOR_FILE).write_bytes(pack(learn_prior(known, known.names).to_arrays()))
        shutil.rmtree(root / "sources" / space, ignore_errors=True)
        made.append(folder.rename(root / "sources" / space))
    return made


def _card(labels: Labels) -> Card:
    return Card(
        title=f"source devices for {labels.metric} of {labels.space}, each fitted on its own",
        sources=labels.sources,
        licences=labels.licences,
        rows=len(labels),
    )
