"""The process that reads others' files and works out what their networks cost; it may be killed at any time.

    python -m archcast.serving.http.networks.worker MEMORY_BYTES

| kind of message | with it | the answer |
|---|---|---|
| `ready` | nothing | once it can be asked |
| `file` | `content_type`, a form | `status`, JSON, and of a network that was read its `key` and document |
| `known` | `key`, what is `asked`, a document | `status`, JSON |

An answer with `last` is the last one: the process ends.
"""

from __future__ import annotations

import json
import sys
import traceback
import warnings
import zlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archcast.core.errors import ArchcastError, InputError, UnknownNameError
from archcast.core.network import Network
from archcast.featurize.onnx_model import network_of_structure, structure_of
from archcast.serving.frames import Frame, answer_messages, taken_over
from archcast.serving.http.networks.answers import answers, summary_of
from archcast.serving.http.networks.form import read_form
from archcast.serving.http.networks.question import Question
from archcast.serving.http.statuses import error_body, status_of
from archcast.serving.store import store

_MOST_NODES = 200_000
"""Of all networks that one process keeps in memory with what was worked out of them."""
_LEVEL = 3
"""Of the compression of documents."""
_FAULT = 500
_UNREADABLE = 422


class Worker:
    """Answers messages; keeps the networks it met last.

    Args:
        memory_bytes: what it may take, to be told of when it is too little.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._kept: OrderedDict[str, tuple[Network, dict[str, Any]]] = OrderedDict()

    def answer(self, asked: Frame) -> Frame:
        """The answer to a message, whatever happens."""
        try:
            return self._answer(asked.head, asked.parts)
        except ArchcastError as error:
            return _told(status_of(error), error_body(error))
        except MemoryError:
            most = f"the network must take at most {self._memory_bytes // 2**20} MiB of memory to read"
            return _told(_UNREADABLE, {"error": f"{most}, and takes more", "type": "InputError"}, last=True)
        except RecursionError:
            return _told(_UNREADABLE, {"error": "the network is nested too deeply", "type": "InputError"})
        except OverflowError:
            return _told(
                _UNREADABLE, {"error": "the network's numbers are too large to count", "type": "InputError"}
            )
        except Exception as error:  # a fault of ours, to be told and seen; the process goes on
            trace = traceback.format_exc()
            reason = f"a fault of the service: {type(error).__name__}: {error}"
            return _told(_FAULT, {"error": reason[:500]}, trace=trace[-4000:])

    def _answer(self, head: Mapping[str, Any], parts: Sequence[bytes]) -> Frame:
        if head["kind"] == "ready":
            store().first("network")
            return _told(200, {})
        if head["kind"] == "known":
            network, counts = self._known(head["key"], parts[0])
            return _told(200, _made(network, counts, Question.of(head["asked"])))
        form = read_form(head["content_type"], parts[0])
        question = Question.of(form.found)
        question.entries(store())  # refused before the file is read
        network = read_network(form)
        counts = summary_of(network)
        network_answers = _made(network, counts, question)
        self._keep(network, counts)
        document = zlib.compress(structure_of(network), _LEVEL)
        return _told(200, network_answers, document, key=network.key)

    def _known(self, key: str, document: bytes) -> tuple[Network, dict[str, Any]]:
        """A network that was read before, and its counts."""
        if key not in self._kept:
            network = network_of_structure(zlib.decompress(document))
            self._keep(network, summary_of(network))
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, network: Network, counts: dict[str, Any]) -> None:
        self._kept[network.key] = network, counts
        nodes = sum(kept["nodes"] for _, kept in self._kept.values())
        while nodes > _MOST_NODES and len(self._kept) > 1:
            nodes -= self._kept.popitem(last=False)[1][1]["nodes"]


def read_network(form: Any) -> Network:
    """The network of a form's file, as it is kept.

    Raises:
        InputError: it cannot be read.
    """
    from archcast.collect.networks import as_stored
    from archcast.featurize.networks import read_network as of

    try:
        return as_stored(of(form.file, batch=form.batch, inputs=form.inputs, dims=form.dims))
    except UnknownNameError as error:  # a name in the file, which is no name of the service
        raise InputError(str(error)) from error


def _made(network: Network, counts: dict[str, Any], question: Question) -> dict[str, Any]:
    return {"network": counts} | answers(network, question, store())


def _told(status: int, body: Mapping[str, Any], *parts: bytes, **head: Any) -> Frame:
    content = json.dumps(body, allow_nan=False, default=str).encode()
    return Frame({"status": status, **head}, [content, *parts])


def limit_memory(memory_bytes: int) -> None:
    """Let this process take so much more memory than it has now, where the system can see to that."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (ImportError, OSError):
        return
    most = pages * resource.getpagesize() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Answer messages on standard input until there are no more."""
    asked, answered = taken_over()
    warnings.simplefilter("ignore")
    import onnx  # so that its size counts before the limit does

    del onnx
    memory_bytes = int(sys.argv[1])
    limit_memory(memory_bytes)
    answer_messages(Worker(memory_bytes).answer, asked, answered)


if __name__ == "__main__":
    main()
