"""The process that reads model files and works out what they cost: it may end over a file, or be killed.

    python -m archcast.serving.scale.files.worker

The first message has the plan; each one after it names a file, and is answered by the network's key and costs
or by an `error`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archcast.core.errors import ArchcastError, ArtifactError, InputError
from archcast.featurize.networks import NETWORK, read_network
from archcast.serving.entry import Entry
from archcast.serving.frames import Frame, answer_messages, taken_over
from archcast.serving.network_costs import network_costs
from archcast.serving.scale.files.plan import FilesPlan
from archcast.serving.store import store


class FileWorker:
    """Answers messages by a plan."""

    plan: FilesPlan
    entries: list[Entry]

    def answer(self, asked: Frame) -> Frame:
        """The answer to a message, whatever the file."""
        try:
            if "plan" in asked.head:
                return Frame(self._begin(asked.head["plan"]), [])
            return Frame(self._costs(asked.head["path"]), [])
        except InputError as error:
            return Frame({"error": str(error)}, [])
        except ArchcastError as error:  # of a predictor, not of the file
            return Frame({"fatal": str(error)}, [])
        except MemoryError:
            return Frame({"error": "it takes more memory than there is", "last": True}, [])
        except Exception as error:  # one file must not end the others
            return Frame({"error": f"a fault of archcast: {type(error).__name__}: {error}"}, [])

    def _begin(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        self.plan = FilesPlan(**plan)
        here = store(fresh=True)
        asked = zip(self.plan.devices, self.plan.versions, strict=True)
        self.entries = []
        for device, version in asked:
            entry = here.find(NETWORK, device=device, metric=self.plan.metric)
            if entry.sha256 != version:
                raise ArtifactError(f"predictor of {device} was replaced since the scoring began")
            self.entries.append(entry)
        return {}

    def _costs(self, path: str) -> dict[str, Any]:
        plan = self.plan
        read = read_network(Path(path), batch=plan.batch, inputs=plan.inputs, dims=plan.dims)
        costs = network_costs([read], self.entries, store(), coverage=plan.coverage)
        rows = np.stack(costs.with_ends(0), axis=1).tolist()
        told = [[*map(_number, row), note] for row, note in zip(rows, costs.notes[0], strict=True)]
        return {"key": read.key, "costs": told}


def _number(value: float) -> float | None:
    """A number in the seven digits that it has, or None."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def main() -> None:
    """Answer messages on standard input until there are no more."""
    asked, answered = taken_over()
    warnings.simplefilter("ignore")
    answer_messages(FileWorker().answer, asked, answered)


if __name__ == "__main__":
    main()
