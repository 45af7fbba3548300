"""What ships of the source devices, and the prior over new devices that it gives.

Each source device ships as its own weighted sum of terms (`Additive`), fitted to the public measurements of
that device and of no other, so that a prior may use any of them and nothing of the rest. A prior is learned
from their answers for a fixed pool of architectures; the one of all devices of a space ships too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from archcast.core import settings
from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import ArtifactError, InputError, UnknownNameError, shorten
from archcast.core.files import atomic_write
from archcast.core.labels import Labels, Target
from archcast.core.version import VERSION
from archcast.featurize.spaces import SPACES
from archcast.predictors.adapt.config import PriorConfig
from archcast.predictors.adapt.prior import PRIOR_VERSION, DevicePrior, costs, fit_prior
from archcast.predictors.artifact.arrays import pack, unpack
from archcast.predictors.artifact.manifest import MANIFEST, load, read_manifest
from archcast.predictors.artifact.shipped import sources_folder
from archcast.predictors.contract import Predictor

PRIOR_FILE = "prior.npz"


@dataclass(frozen=True, slots=True)
class SourceDevices:
    """Shipped source devices of one space.

    Attributes:
        models: one a metric, each with a target a device.
    """

    space: str
    models: tuple[Predictor, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Devices that can teach, each once."""
        return tuple(dict.fromkeys(t.device for model in self.models for t in model.targets_))

    def costs(self, codes: Codes, devices: Sequence[str], metric: str | None = None) -> Doubles:
        """Costs on source devices (times; throughput as its inverse), one column a device and data set.

        Shapes:
            codes: (n, k); output: (n, columns)
        """
        columns = [np.zeros((len(codes), 0))]
        for model in self.models:
            if metric in (None, model.metric_):
                chosen = [i for i, t in enumerate(model.targets_) if t.device in devices]
                values = model.predict(codes)[:, chosen].astype(np.float64)
                columns.append(costs(values, model.metric_) if metric is None else values)
        return np.concatenate(columns, axis=1)


def choose_sources(space: str, sources: Sequence[str] | None, *, device: str | None) -> tuple[str, ...]:
    """Names of the source devices that may teach.

    Args:
        sources: the only ones wanted; None takes all but `device`.
        device: the device to be learned, which never teaches itself.

    Raises:
        UnknownNameError: a name that is no source device of the space.
        InputError: `device` is named as its own source, or `sources` is no list.
    """
    known = source_devices(space).names
    if sources is None:
        return tuple(name for name in known if name != device)
    if not isinstance(sources, list | tuple):
        raise InputError(f"sources must be a list of devices, got {shorten(sources)}; put it in a list")
    for i, name in enumerate(sources):
        if name not in known:
            raise UnknownNameError(f"source device of {space}", name, known)
        if name == device:
            raise InputError(f"sources must not hold the device itself, {device}", item=i)
    return tuple(dict.fromkeys(sources))


def prior_of(space: str, sources: Sequence[str]) -> DevicePrior:
    """The prior that some source devices give: the shipped one, one kept from before, or learned now."""
    known = source_devices(space)
    if set(sources) == set(known.names) and sources:
        shipped = sources_folder().joinpath(space, PRIOR_FILE)
        if shipped.is_file():
            return DevicePrior.from_arrays(unpack(shipped.read_bytes(), PRIOR_FILE))
    path = _kept_path(known, sources)
    if path.is_file():
        with contextlib.suppress(ArtifactError, KeyError, ValueError):  # a damaged one is learned anew
            return DevicePrior.from_arrays(unpack(path.read_bytes(), path.name))
    arrays = learn_prior(known, sources).to_arrays()
    with contextlib.suppress(OSError):  # keeping it only saves time
        _keep(path, pack(arrays))
    return DevicePrior.from_arrays(arrays)


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as partial:
        partial.write_bytes(content)


def learn_prior(
    known: SourceDevices, sources: Sequence[str], *, config: PriorConfig | None = None
) -> DevicePrior:
    """The prior from the answers of some source devices for the pool."""
    config = config or PriorConfig()
    space = SPACES[known.space]
    pool = np.unique(space.sample(config.pool, seed=config.pool_seed), axis=0)
    values = known.costs(pool, sources)
    targets = tuple(Target(f"source {i}", space.check_dataset(None)) for i in range(values.shape[1]))
    return fit_prior(
        Labels(space.name, "latency", space.check_dataset(None), targets, pool, values), config=config
    )


@lru_cache(maxsize=16)
def source_devices(space: str) -> SourceDevices:
    """The shipped source devices of a space; none for a space that has none."""
    root = sources_folder().joinpath(SPACES[space].name)
    models: list[Predictor] = []
    if root.is_dir():
        for folder in sorted(root.iterdir(), key=lambda f: str(f.name)):
            if folder.joinpath(MANIFEST).is_file():
                models.append(load(read_manifest(folder)))
    return SourceDevices(space, tuple(models))


def _kept_path(known: SourceDevices, sources: Sequence[str]) -> Path:
    """Where a learned prior is kept; the name changes with all that goes into it."""
    said = json.dumps(
        [
            *(known.space, sorted(sources), PRIOR_VERSION, VERSION, PriorConfig().to_json()),
            [m.header() for m in known.models],
        ]
    )
    digest = hashlib.sha256(said.encode())
    for model in known.models:
        for content in model.to_files().values():
            digest.update(content)
    return settings.home() / "priors" / f"{known.space}-{digest.hexdigest()[:16]}.npz"
