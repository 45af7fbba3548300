"""Transformers of HAT as its configurations write them, layer by layer.

| notation | who writes it so |
|---|---|
| hat_yaml | HAT: `encoder-embed-dim-subtransformer: 512` and so on, or `{"encoder": {...}, ...}` |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from archcast.core.errors import InputError, shorten
from archcast.featurize.spaces.checks import MAX_TEXT
from archcast.featurize.spaces.foreign.form import Foreign, Known

_WHOLE = ("embed_dim", "layer_num")
_LAYERS: Mapping[str, tuple[str, ...]] = {
    "encoder": ("ffn_embed_dim", "self_attention_heads"),
    "decoder": ("ffn_embed_dim", "self_attention_heads", "ende_attention_heads", "arbitrary_ende_attn"),
}
"""Features that have a value a layer."""
_ATTENDED = {-1: 1, 1: 2, 2: 3}
"""How a configuration writes that the last layer, the last two or three of the encoder are attended."""
_END = "-subtransformer"


def _mapping(item: Any) -> dict[str, Any] | None:
    """The features of a configuration, by `encoder_ffn_embed_dim` and the like; None for what is none."""
    if isinstance(item, str):
        item = _from_text(item)
    if not isinstance(item, dict):
        return None
    if item.keys() >= {"encoder", "decoder"} and all(isinstance(item[side], dict) for side in _LAYERS):
        return {**item["encoder"], **item["decoder"]}
    if not all(isinstance(key, str) for key in item) or not any(key.endswith(_END) for key in item):
        return None
    return {key.removesuffix(_END).removesuffix("-all").replace("-", "_"): v for key, v in item.items()}


def _from_text(text: str) -> dict[str, Any] | None:
    """A mapping of whole numbers and lists of them from YAML; None where it is another."""
    values: dict[str, Any] = {}
    for line in text.splitlines() if len(text) <= MAX_TEXT else ():
        key, colon, value = line.partition("#")[0].partition(":")
        if not key.strip():
            continue
        try:
            values[key.strip()] = json.loads(value) if colon else None
        except (ValueError, RecursionError):
            values[key.strip()] = value.strip()
    return values or None


def _is_yaml(item: Any) -> bool:
    return _mapping(item) is not None


def _read(item: Any) -> dict[str, Any]:
    given = _mapping(item) or {}
    out: dict[str, Any] = {}
    for side, features in _LAYERS.items():
        for feature in _WHOLE:
            out[f"{side}_{feature}"] = _value(given, f"{side}_{feature}")
        layers = out[f"{side}_layer_num"]
        if isinstance(layers, bool) or not isinstance(layers, int) or layers < 1:
            raise InputError(f"{side}_layer_num must be a whole number of layers, got {shorten(layers)}")
        for feature in features:
            values = _by_layer(given, f"{side}_{feature}", layers)
            if feature == "arbitrary_ende_attn":
                values = [_attended(value) for value in values]
            out[f"{side}_{feature}_avg"] = sum(values) / layers
    return out


def _value(found: dict[str, Any], name: str) -> Any:
    if name not in found:
        raise InputError(f"{name} must be there, got {', '.join(found) or 'nothing'}")
    return found[name]


def _by_layer(found: dict[str, Any], name: str, layers: int) -> list[int]:
    """The values of the layers that are there; those of layers beyond the depth are not used."""
    values = _value(found, name)
    if not isinstance(values, list | tuple) or len(values) < layers:
        raise InputError(f"{name} must be {layers} whole numbers, a layer each, got {shorten(values)}")
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values[:layers]):
        raise InputError(f"{name} must be {layers} whole numbers, a layer each, got {shorten(values)}")
    return list(values[:layers])


def _attended(value: int) -> int:
    if value not in _ATTENDED:
        raise InputError(f"decoder_arbitrary_ende_attn must be among -1, 1, 2, got {value}")
    return _ATTENDED[value]


NOTATIONS = (
    Foreign(
        "hat_yaml",
        "HAT's configuration of a transformer",
        _is_yaml,
        _read,
        beside=", a file a network",
        whole=True,
        is_text=True,
    ),
)
FORMS: tuple[Known, ...] = NOTATIONS
