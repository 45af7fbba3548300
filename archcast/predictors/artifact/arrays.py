"""Arrays as bytes of an `.npz` file, without pickled objects."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archcast.core.errors import ArtifactError


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Bytes of a compressed `.npz`; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **dict(arrays))
    return buffer.getvalue()


def unpack(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """Arrays of a packed file; raise ArtifactError when it is none or holds objects."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return {key: stored[key] for key in stored.files}
    except Exception as error:
        raise ArtifactError(f"{name} must hold plain arrays, got {error}") from error
