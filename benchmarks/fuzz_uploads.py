"""Forms with ONNX files that are changed as `fuzz_onnx.py` does, for `fuzz_serve.py`."""

from __future__ import annotations

import random
from typing import Any

import httpx
from fuzz_onnx import mutated, seeds

PHONE, GPU, BOARD = (
    "pixel4-tflite2.10-1large",
    "rtx3090-torch2.4-b1024-amp",
    "raspberry-pi-5-run49-ncnn-1t",
)
FIELDS: list[dict[str, Any]] = [
    {"device": PHONE, "coverage": "0.9"},
    {"device": [PHONE, GPU, BOARD], "explain": "true"},
    {"device": "*"},
    {"hardware": "pixel 4", "precision": "int8", "threads": "1"},
    {"device": BOARD, "batch": "4", "bind": "tokens=7"},
    {"device": GPU, "metric": "throughput", "input": "x=1x3x16x16"},
]
WORDS = ("", "nan", "-1", "1e999", "9" * 40, "a" * 2000, "*", "x=1x3x16x16", "tokens=0", "\x00", "true", "ü")


class Uploads:
    """Draws requests with a form.

    Args:
        seed: equal ones draw equal requests.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._files = seeds()

    def one(self) -> tuple[str, str, bytes, list[tuple[bytes, bytes]]]:
        """Method, address, body and headers."""
        chance = self._chance
        file = chance.choice(self._files) if chance.random() < 0.1 else mutated(self._files, chance)
        fields = dict(chance.choice(FIELDS))
        while chance.random() < 0.3:
            fields[chance.choice([*fields, "batch", "bind", "input", "coverage", "colour"])] = chance.choice(
                WORDS
            )
        request = httpx.Request("POST", "http://fuzz/predict", files={"file": ("m.onnx", file)}, data=fields)
        body, kind = bytearray(request.read()), request.headers["content-type"]
        if chance.random() < 0.15:
            for _ in range(chance.choice((1, 2, 6))):
                at = chance.randrange(len(body))
                body[at : at + 1] = b"" if chance.random() < 0.3 else bytes([chance.randrange(256)])
        if chance.random() < 0.05:
            kind = chance.choice(("multipart/form-data", "multipart/form-data; boundary=", kind + "x"))
        return "POST", "/predict", bytes(body), [(b"content-type", kind.encode())]
