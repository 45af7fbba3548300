"""Optuna with archcast as a constraint.

Method: the tree-structured Parzen estimator with constraints (Watanabe and Hutter, 2022), as Optuna has
it: its model prefers what keeps within the limit.
Left out: your own objective, which is the place for a training run; here it is the predicted accuracy.

    python examples/loops/with_optuna.py
"""

from __future__ import annotations

import warnings

import numpy as np
import optuna

import archcast

SPACE, DEVICE = archcast.spaces("nasbench201"), "raspi4"


def main(limit_ms: float = 30.0, trials: int = 200, seed: int = 0) -> tuple[str, float, float]:
    """Optimise; gives the best network within the limit, its accuracy (%) and latency (ms)."""

    def objective(trial: optuna.Trial) -> float:
        choices = zip(SPACE.columns, SPACE.cardinalities, strict=True)
        codes = np.array([[trial.suggest_categorical(name, range(top)) for name, top in choices]])
        latency_ms = float(archcast.predict(codes, DEVICE, space=SPACE.name)[0])
        trial.set_user_attr("ms", latency_ms)
        trial.set_user_attr("arch", SPACE.format(SPACE.parse(codes))[0])
        return float(archcast.predict(codes, metric="accuracy", space=SPACE.name)[0])  # train it instead

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Optuna calls constraints experimental, or asks for their newer form
        sampler = optuna.samplers.TPESampler(
            seed=seed, constraints_func=lambda trial: [trial.user_attrs["ms"] - limit_ms]
        )
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        study.optimize(objective, n_trials=trials)
    within = [trial for trial in study.trials if trial.user_attrs["ms"] <= limit_ms]
    if not within:
        raise SystemExit(f"no network within {limit_ms} ms was met in {trials} trials")
    best = max(within, key=lambda trial: trial.value or 0.0)
    arch, ms = best.user_attrs["arch"], best.user_attrs["ms"]
    print(f"{best.value:.2f} %, {ms:.2f} ms: {arch}")
    return arch, float(best.value or 0.0), ms


if __name__ == "__main__":
    main()
