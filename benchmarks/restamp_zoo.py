"""Writes the manifests of shipped predictors anew as this version has them; their arrays stay as they are.

To be run when what a manifest records has changed (its format, or the versions of columns or operators whose
values are still the same), and not when what predictors read has other values: those are to be fitted anew.

    python benchmarks/restamp_zoo.py
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from archcast.predictors.artifact.kinds import kind_of, stamp
from archcast.predictors.artifact.manifest import FORMAT, MANIFEST, digest, file_entry, json_bytes
from archcast.predictors.artifact.shipped import zoo_folder


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(str(zoo_folder()))
    for path in sorted(root.rglob(MANIFEST)):
        print(path.parent.relative_to(root), "stamped anew" if restamp(path) else "is as it should be")


def restamp(path: Path) -> bool:
    """Write one manifest anew; whether that changed it."""
    before = json.loads(path.read_text(encoding="utf-8"))
    contents = {name: path.with_name(name).read_bytes() for name in before["files"]}
    wrong = [name for name, content in contents.items() if file_entry(content) != before["files"][name]]
    if wrong:
        raise SystemExit(f"{path.parent}: {', '.join(wrong)} is not what the manifest describes")
    header = before["header"]
    predictor = kind_of(header).make(header, contents, before.get("reads", {}))
    after = {"format": FORMAT, "header": predictor.header()} | stamp(predictor)
    after |= {name: before[name] for name in ("card", "intervals", "files")}
    after["sha256"] = digest(after)
    path.write_bytes(json_bytes(after))
    return bool(after != before)


if __name__ == "__main__":
    main()
