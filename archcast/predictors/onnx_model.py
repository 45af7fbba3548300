"""An ONNX model that is run from many threads, and loaded at the first run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from archcast.core.errors import ArtifactError
from archcast.core.optional import require


class OnnxModel:
    """A model's bytes and, once it has run, its ONNX Runtime session.

    Sessions belong to a process: after a fork the child makes its own, as the parent's threads are not
    there. There is no lock, which a fork could copy held: threads that come first together make a session
    each, and the last one stays. Pickling keeps the bytes only. A run takes one thread, see `export`;
    runs go side by side.

    Args:
        content: the ONNX file.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._made: tuple[int, Any] | None = None

    def run(self, feed: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """All outputs for a feed of arrays by input name."""
        outputs: list[NDArray[Any]] = self._session().run(None, dict(feed))
        return outputs

    def _session(self) -> Any:
        kept = self._made
        if kept is not None and kept[0] == os.getpid():
            return kept[1]
        session = _session(self.content)
        self._made = (os.getpid(), session)
        return session

    def __reduce__(self) -> tuple[Any, ...]:
        return OnnxModel, (self.content,)


def _session(content: bytes) -> Any:
    onnxruntime = require("onnxruntime", extra="serve", purpose="running an ONNX model")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no public base class
        raise ArtifactError(f"model.onnx must be a model that ONNX Runtime reads: {error}") from error
