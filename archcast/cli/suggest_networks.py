"""`archcast suggest` of networks of any form: among model files, or among published networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archcast.core.errors import InputError


def suggested_files(
    candidates: Sequence[str] | None,
    n: int,
    *,
    folder: Path | None,
    sources: Sequence[str] | None,
    measured: Sequence[str] | None,
    device: str | None,
) -> list[str]:
    """Model files to measure first: of the candidates, or published networks that are written to a folder.

    Raises:
        InputError: neither or both are given, or a file that would be written is there already.
    """
    from archcast.serving import suggest

    if candidates:
        if folder is not None:
            raise InputError("--onnx goes with --space network: candidates are files already")
        chosen = suggest(None, n, sources, list(candidates), measured=measured, device=device)
        return [str(path) for path in chosen]
    if folder is None:
        raise InputError(
            "--space network must have --onnx FOLDER, where to write the networks to be measured"
        )
    from archcast.featurize.onnx_model import to_onnx
    from archcast.serving.network_adaptation import reference_networks

    names = {network.key: name for name, network in reference_networks().items()}
    networks = suggest("network", n, sources, measured=measured, device=device)
    paths = [folder / f"{names[network.key]}.onnx" for network in networks]
    for path in paths:
        if path.exists():
            raise InputError(
                f"{path} is there already: --onnx must be a folder without the files to be written"
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, network in zip(paths, networks, strict=True):
            path.write_bytes(to_onnx(network))
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error}") from error
    return [str(path) for path in paths]
