"""LightGBM, one booster a target (Ke et al., NeurIPS 2017)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from archcast.core.arrays import Codes, Doubles
from archcast.core.errors import ArtifactError
from archcast.core.labels import Labels
from archcast.core.optional import require
from archcast.featurize.encoders.encoding import encode
from archcast.predictors.contract import Predictor, register


@dataclass(frozen=True, slots=True)
class BoostingConfig:
    """Settings of the boosters; names are LightGBM's where it has them.

    Attributes:
        pieces: parts of the encoding, see `archcast.featurize.encoders.encoding`.
        rounds: trees a target.
        threads: processor threads for fitting and predicting; more than one stalls on a busy machine.
    """

    pieces: tuple[str, ...] = ("decisions", "features")
    rounds: int = 400
    learning_rate: float = 0.05
    num_leaves: int = 31
    min_data_in_leaf: int = 5
    feature_fraction: float = 0.6
    bagging_fraction: float = 0.8
    lambda_l2: float = 1.0
    threads: int = 1


@register
class Boosting(Predictor):
    """Gradient-boosted trees on decisions and features."""

    family = "lightgbm"
    Config = BoostingConfig
    requires = ("lightgbm",)
    by_target: ClassVar = {"boosters_": 0}

    def _fit(self, labels: Labels, z: Doubles, *, seed: int) -> None:
        lightgbm = _lightgbm()
        encoded = self._encode(labels.codes)
        settings = asdict(self.config)
        rounds, threads = settings.pop("rounds"), settings.pop("threads")
        settings.pop("pieces")
        settings |= {"objective": "l2", "bagging_freq": 1, "num_threads": threads, "seed": seed}
        settings |= {"deterministic": True, "force_row_wise": True, "verbosity": -1}
        self.boosters_ = []
        for column in range(z.shape[1]):
            kept = np.isfinite(z[:, column])
            data = lightgbm.Dataset(encoded[kept], label=z[kept, column], params={"verbosity": -1})
            self.boosters_.append(lightgbm.train(settings, data, num_boost_round=rounds))

    def _predict(self, codes: Codes) -> Doubles:
        encoded = self._encode(codes)
        columns = [b.predict(encoded, num_threads=self.config.threads) for b in self.boosters_]
        return np.stack(columns, axis=1)

    def _encode(self, codes: Codes) -> Doubles:
        return encode(self.space_, codes, self.config.pieces, self.dataset_, features=self.features_)

    def to_files(self) -> dict[str, bytes]:
        texts = [booster.model_to_string() for booster in self.boosters_]
        return {f"booster_{i}.txt": text.encode() for i, text in enumerate(texts)}

    def _from_files(self, files: Mapping[str, bytes]) -> None:
        lightgbm = _lightgbm()
        self.boosters_ = []
        for i in range(len(self.targets_)):
            try:
                text = files[f"booster_{i}.txt"].decode()
                self.boosters_.append(lightgbm.Booster(model_str=text))
            except (UnicodeDecodeError, lightgbm.basic.LightGBMError) as error:
                raise ArtifactError(f"booster_{i}.txt must be a LightGBM model: {error}") from error


def _lightgbm() -> Any:
    return require("lightgbm", extra="train", purpose="the predictor lightgbm")
