"""A saved predictor: a folder of plain files with a manifest of their hashes, and a card.

`manifest.json` holds the format's version, the predictor's header (with how it is called), what it reads of
architectures (column or operator -> version), the distributions that it needs beside archcast, the card, the
interval widths and the SHA-256 and size of every other file, those kept beside the predictor apart. A folder
is written whole or not at all, and nothing in it is pickled.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from archcast.core.arrays import Doubles
from archcast.core.errors import ArchcastError, ArtifactError, PlaceError, shorten
from archcast.core.files import sync, sync_tree
from archcast.core.labels import Target
from archcast.featurize.encoders.columns import Columns
from archcast.predictors.artifact.card import Card
from archcast.predictors.artifact.kinds import AnyPredictor, kind_of, stamp
from archcast.predictors.artifact.needs import check_columns, check_names
from archcast.predictors.artifact.versions import keep_previous
from archcast.predictors.contract import Predictor
from archcast.predictors.intervals import LEVELS, PARTS, Intervals
from archcast.predictors.networks.contract import NetworkPredictor

FORMAT = 2
MANIFEST = "manifest.json"
FORMS = ("table", "sums", "direct")
_INTERVAL_TABLES = {"widths": len(LEVELS), "edges": PARTS - 1, "sizes": PARTS}
_REPLACE_ATTEMPTS = 100
MAX_BYTES = 512 * 2**20
"""Largest file that is read; a longer one is refused before it fills the memory."""


class Folder(Protocol):
    """What is needed of a path; files inside an installed package have it too."""

    def joinpath(self, *names: str) -> Any:
        """A file below."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a saved predictor before its arrays are read; equal hashes, equal predictors.

    Attributes:
        reads: part -> column or operator -> version, see `archcast.featurize.encoders.columns`.
        requires: distribution -> version, of those that its space, family and operators come from; none of
            archcast's own.
        beside: files that are no part of the predictor, as what it was learned from.
    """

    folder: Any
    header: Mapping[str, Any]
    reads: Columns
    requires: Mapping[str, str]
    card: Card
    intervals: Intervals | None
    files: Mapping[str, Mapping[str, Any]]
    sha256: str
    beside: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def form(self) -> str:
        """How it is called: `table`, `sums` or `direct`; found out by lowering it when it was saved."""
        return str(self.header["served"])

    @property
    def targets(self) -> tuple[Target, ...]:
        """Columns that the predictor gives."""
        return tuple(Target(device, dataset) for device, dataset in self.header["targets"])


def save(
    predictor: AnyPredictor,
    folder: Path,
    *,
    card: Card,
    intervals: Intervals | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> Path:
    """Write a predictor to `folder`, replacing what is there only once all is on disk, and keeping it aside.

    Args:
        beside: files to be kept with it that are no part of it, by names that none of its own has.
    """
    files, kept = predictor.to_files(), dict(beside or {})
    manifest = {
        "format": FORMAT,
        "header": predictor.header(),
        **stamp(predictor),
        "card": card.to_json(),
        "intervals": _intervals_json(intervals),
        "files": {name: file_entry(content) for name, content in sorted(files.items())},
    }
    if kept:
        manifest["beside"] = {name: file_entry(content) for name, content in sorted(kept.items())}
    manifest["sha256"] = digest(manifest)
    contents = files | kept | {MANIFEST: json_bytes(manifest)}
    write_folder(folder, contents)
    return folder


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write a folder of files (by their paths in it), replacing what is there only once all is on disk.

    Raises:
        PlaceError: it cannot be written.
    """
    try:
        _write_folder(folder, contents)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _unwritable(folder: Path, error: OSError) -> PlaceError:
    why = error.strerror or error
    return PlaceError(f"{folder} cannot be written: {why}; ARCHCAST_HOME names another home")


def _write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in contents.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(content)
        partial.chmod(0o755)
        sync_tree(partial)
        _replace(partial, folder)
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def json_bytes(manifest: Mapping[str, Any]) -> bytes:
    """A manifest as the bytes of its file."""
    return (json.dumps(manifest, indent=1) + "\n").encode()


def read_manifest(folder: Folder) -> Manifest:
    """The manifest of a saved predictor.

    Raises:
        ArtifactError: it cannot be used: it is damaged, of another format, or of a space, metric, family or
            operator that is not known or has another meaning here. What it reads is looked at by `load`.
    """
    path = folder.joinpath(MANIFEST)
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ArtifactError(f"{path} has format {record['format']!r}; this version reads {FORMAT}")
        sha256 = record.pop("sha256")
        if sha256 != digest(record):
            raise ArtifactError(f"{path} is not the manifest that was written: it was altered")
        header, requires = record["header"], dict(record["requires"])
        check_names(path, header, requires)
        if header["served"] not in FORMS:
            served = shorten(header["served"])
            raise ArtifactError(f"served of {path} must be one of {', '.join(FORMS)}, got {served}")
        reads = {part: dict(columns) for part, columns in record["reads"].items()}
        intervals, card = _intervals_from(record["intervals"]), Card.from_json(record["card"])
        files, beside = record["files"], record.get("beside", {})
        return Manifest(folder, header, reads, requires, card, intervals, files, sha256, beside)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ArtifactError(f"{path} must be a manifest of a saved predictor: {error!r}") from error


def check(manifest: Manifest) -> None:
    """Raise ArtifactError where this version lacks what is read, or means something else by it."""
    check_columns(manifest.folder, manifest.header, manifest.reads)


def load(manifest: Manifest) -> Predictor:
    """The predictor of codes of a manifest, what it reads compared with this version, files with hashes.

    Raises:
        ArtifactError: what it reads is not there, a file is damaged, or it is of networks.
    """
    predictor = load_any(manifest)
    if isinstance(predictor, NetworkPredictor):
        raise ArtifactError(f"{manifest.folder} must be of a space with codes, and is of networks")
    return predictor


def load_any(manifest: Manifest) -> AnyPredictor:
    """The same of either kind."""
    try:
        check(manifest)
        files = manifest.files.items()
        contents = {name: _checked(manifest.folder, name, entry) for name, entry in files}
        return kind_of(manifest.header).make(manifest.header, contents, manifest.reads)
    except ArchcastError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(f"{manifest.folder} has an unusable header: {error!r}") from error


def read_beside(manifest: Manifest, name: str) -> bytes:
    """A file that is kept beside a predictor; raise ArtifactError where it is damaged."""
    return _checked(manifest.folder, name, manifest.beside[name])


def _checked(folder: Any, name: str, entry: Mapping[str, Any]) -> bytes:
    path = folder.joinpath(name)
    if os.sep in name or name.startswith(".") or not 0 <= entry["size"] <= MAX_BYTES:
        raise ArtifactError(f"{path} must be a plain file of at most {MAX_BYTES} bytes")
    try:
        with path.open("rb") as file:
            content: bytes = file.read(entry["size"] + 1)
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
    if file_entry(content) != dict(entry):
        raise ArtifactError(f"{path} is not the file that its manifest describes: truncated or altered")
    return content


def digest(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of a manifest's other entries, which it holds beside them."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def file_entry(content: bytes) -> dict[str, Any]:
    """What a manifest says of a file: its SHA-256 and size."""
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def _replace(partial: Path, folder: Path) -> None:
    """Put `partial` in the place of `folder`; whoever saves last wins, and no save is left half done."""
    for _ in range(_REPLACE_ATTEMPTS):
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.old.", dir=folder.parent))
        old = aside / folder.name
        try:
            with contextlib.suppress(FileNotFoundError):
                folder.rename(old)
            partial.rename(folder)
            keep_previous(old, folder, MANIFEST)
            return
        except OSError as error:
            if not folder.exists() and old.exists():
                old.rename(folder)
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    raise ArtifactError(f"{folder} is being written by others all the time; it was left as it is")


def _intervals_json(intervals: Intervals | None) -> dict[str, Any] | None:
    if intervals is None:
        return None
    tables = {name: _table_json(getattr(intervals, name)) for name in _INTERVAL_TABLES}
    return {"logarithmic": intervals.logarithmic, "rows": intervals.rows.tolist()} | tables


def _table_json(table: Doubles) -> list[list[float | None]]:
    """Columns of a table, null for infinity, which JSON lacks."""
    return [[None if not np.isfinite(v) else float(f"{v:.6g}") for v in column] for column in table.T]


def _intervals_from(values: Mapping[str, Any] | None) -> Intervals | None:
    if values is None:
        return None
    tables = {
        name: np.array([[np.inf if v is None else v for v in column] for column in values[name]], float).T
        for name in _INTERVAL_TABLES
    }
    rows = np.array(values["rows"], dtype=float)
    for name, length in _INTERVAL_TABLES.items():
        if tables[name].shape != (length, len(rows)):
            raise ValueError(f"{name} of intervals must have shape ({length}, {len(rows)})")
    return Intervals(bool(values["logarithmic"]), rows=rows, **tables)
