"""What an adapted predictor was learned from, kept beside it in its folder.

`measured.json` holds everything but networks of no space; those are ONNX models without weights,
`measured0.onnx` and so on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from archcast.core.errors import ArtifactError, InputError
from archcast.core.network import Network
from archcast.featurize.networks import NETWORK
from archcast.featurize.onnx_model import network_of_structure, structure_of
from archcast.predictors.artifact.manifest import Manifest

FILE = "measured.json"
_NETWORK = "measured{}.onnx"


def taught_within(manifests: Iterable[Manifest], metric: str, device: str) -> tuple[Manifest, ...]:
    """Saved predictors of a device that keep measurements of members of spaces.

    None where one keeps measurements of networks themselves.
    """
    own = [
        m
        for m in manifests
        if FILE in m.beside
        and m.header["metric"] == metric
        and any(target.device == device for target in m.targets)
    ]
    return () if any(m.header["space"] == NETWORK for m in own) else tuple(own)


@dataclass(frozen=True, slots=True)
class Measured:
    """Measurements that taught, and how.

    Attributes:
        archs: architectures in their space's notation, as text, or networks.
        values: one each, in the metric's unit.
        predicted: what was predicted of each without it; None where that was not worked out.
        sources, families, seed: as `archcast.adapt` was given them.
    """

    archs: tuple[str | Network, ...]
    values: tuple[float, ...]
    predicted: tuple[float, ...] | None = None
    sources: Sequence[str] | None = None
    families: Sequence[str] | None = None
    seed: int = 0

    def to_files(self) -> dict[str, bytes]:
        """File name -> content."""
        files: dict[str, bytes] = {}
        archs: list[str] = []
        for arch in self.archs:
            if isinstance(arch, Network):
                name = _NETWORK.format(len(files))
                files[name] = structure_of(arch)
                arch = name
            archs.append(arch)
        said = {
            "archs": archs,
            "values": self.values,
            "predicted": self.predicted,
            "sources": self.sources,
            "families": self.families,
            "seed": self.seed,
        }
        return files | {FILE: json.dumps(said, indent=1).encode()}

    @classmethod
    def from_files(cls, names: Mapping[str, Any], read: Callable[[str], bytes]) -> Measured | None:
        """What `to_files` gave; None where nothing was kept.

        Args:
            names: files that there are.
            read: gives a file's content.

        Raises:
            ArtifactError: a file is damaged.
        """
        if FILE not in names:
            return None
        try:
            record = json.loads(read(FILE))
            archs = tuple(network_of_structure(read(a)) if a in names else str(a) for a in record["archs"])
            values = tuple(map(float, record["values"]))
            predicted = record["predicted"]
            measured = cls(
                archs,
                values,
                None if predicted is None else tuple(map(float, predicted)),
                record["sources"],
                record["families"],
                int(record["seed"]),
            )
        except (InputError, KeyError, TypeError, ValueError) as error:
            raise ArtifactError(f"{FILE} is not what was written: {error!r}") from error
        if len(archs) != len(values):
            raise ArtifactError(f"{FILE} must hold a value an architecture")
        return measured
