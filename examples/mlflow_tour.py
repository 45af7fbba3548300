"""Compares four predictors in MLflow's pages with a real browser, and keeps the pictures for the guide.

Makes a store with the commands of docs/compare.md, starts `archcast ui`, walks through the comparison and
the registry in a headless Chromium, and checks what is on the pages. Needs `ARCHCAST_DATA` with HELP's
table, the programs `chromium` and `chromedriver`, and some minutes.

    python examples/mlflow_tour.py --out docs/images
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browser import Browser, chromium

from archcast.training.tracking.store import open_client

FAMILIES = ("lookup", "linear", "lightgbm", "additive")
EXPERIMENT = "nasbench201/latency"
MODEL = "nasbench201.latency.raspi4"
ROWS = 900
TRAIN = ("train", "--space", "nasbench201", "--device", "raspi4", "--rows", str(ROWS))
SETTINGS = {"lightgbm": ("--set", "threads=1")}
CELL = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"
LARGEST = 300_000
TRIALS = 6
WINDOW = (1520, 1000)
SETTLE_SECONDS = 2.0


def main() -> None:
    """Make the store if it is not there, and take the tour."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/images"), help="folder of the pictures")
    parser.add_argument("--home", type=Path, help="keep the store here; one that is there is used again")
    parser.add_argument("--port", type=int, default=5077, help="port of the pages")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="archcast-tour-") as scratch:
        os.environ["ARCHCAST_HOME"] = str((options.home or Path(scratch)).resolve())
        if not Path(os.environ["ARCHCAST_HOME"], "mlflow.db").is_file():
            make_store()
        with pages(options.port) as views, chromium(*WINDOW) as browser:
            tour(browser, views, options.port, options.out)
    for path in sorted(options.out.glob("mlflow_*.png")):
        print(f"{path}: {path.stat().st_size // 1000} kB")


def make_store() -> None:
    """Train four predictors and a sweep; promote three of them, one of which is refused."""
    runs = {family: train("--predictor", family, "--curve", *SETTINGS.get(family, ())) for family in FAMILIES}
    train("--predictor", "lightgbm", "--sweep", str(TRIALS), *SETTINGS["lightgbm"])
    archcast("promote", runs["lookup"])
    archcast("promote", runs["additive"])
    refused = archcast("promote", runs["linear"], code=2)
    assert "must not get worse" in refused, refused
    listed = archcast("devices", "--space", "nasbench201", "--metric", "latency")
    assert re.search(rf"raspi4 .*additive .*{re.escape(MODEL)} v2", listed), listed
    assert "ms" in archcast("predict", CELL, "--device", "raspi4")


def train(*words: str) -> str:
    """Run `archcast train`; returns the run's identifier."""
    return re.findall(r"run ([0-9a-f]{32}) in experiment", archcast(*TRAIN, *words))[-1]


def archcast(*words: str, code: int = 0) -> str:
    """Run the command as a person does, and show it; returns what it printed."""
    print("$ archcast", *words, flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "archcast.cli", *words], capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    print(said, flush=True)
    assert done.returncode == code, f"exit code {done.returncode}"
    return said


@contextmanager
def pages(port: int) -> Iterator[dict[str, str]]:
    """`archcast ui` while inside; gives the addresses it prints, by experiment."""
    command = [sys.executable, "-m", "archcast.cli", "ui", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        assert first.startswith(f"runs are shown at http://127.0.0.1:{port}"), first
        lines = iter(server.stdout.readline, "\n")
        yield dict(re.fullmatch(r"  (.+): (http\S+)\n", line).groups() for line in lines)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)


def tour(browser: Browser, views: dict[str, str], port: int, out: Path) -> None:
    """Table of runs, a sweep's trials, comparison, learning curves, one run's figures, registry."""
    view = views[f"compare {EXPERIMENT}"]
    browser.open(f"http://127.0.0.1:{port}/#/experiments")
    browser.wait_for(EXPERIMENT)
    browser.click("//*[normalize-space()='Model training' and not(*)]")
    browser.open(view)
    table(browser, out)
    browser.open(views[f"sweeps of {EXPERIMENT}"])
    trials(browser, out)
    browser.open(view)
    compare(browser, out)
    curves(browser, out)
    browser.open(view)
    figures(browser, out)
    browser.open(f"http://127.0.0.1:{port}/#/models/{MODEL}?workflowType=machine_learning")
    registry(browser, out)


def table(browser: Browser, out: Path) -> None:
    """The experiment's runs with the columns that compare, best first."""
    swept = f"{run_name('lightgbm')} swept"
    browser.wait_for(*map(run_name, FAMILIES), swept, "mean.spearman")
    for button in ("Close", "Hide banner"):  # beside the panel the last column is out of sight
        browser.click(f"//button[@aria-label='{button}']")
    shown = browser.wait_for(swept, "mean.mape", "mean.within_10", "mean.coverage_90")
    assert shown.index(run_name("additive")) < shown.index(run_name("lookup")), "the best must come first"
    assert "trial 0" not in shown, "trials must have a view of their own"
    picture(browser, out, "mlflow_runs")


def trials(browser: Browser, out: Path) -> None:
    """The sweep, unfolded."""
    browser.wait_for("sweep of lightgbm", "inner.kendall")
    row = "//*[@role='row'][.//a[starts-with(., 'sweep of lightgbm')]]"
    browser.click(f"{row}//*[@role='button' or self::button][.//*[local-name()='svg']]")
    browser.wait_for(*(f"lightgbm, trial {i}" for i in range(TRIALS)))
    picture(browser, out, "mlflow_sweep")


def compare(browser: Browser, out: Path) -> None:
    """Tick the four predictors and compare them; the figures shown must be those of the store."""
    browser.wait_for(*map(run_name, FAMILIES))
    for family in FAMILIES:
        row = f"//*[@role='row'][.//a[.='{run_name(family)}']]"
        browser.click(f"({row}//input[contains(@class, 'ag-checkbox-input')])[1]")
    browser.click("//button[normalize-space()='Compare']")
    browser.wait_for("Comparing 4 Runs", *map(run_name, FAMILIES), "held_out_rows", "curve.spearman")
    browser.click("(//*[normalize-space()='Parameters'])[last()]")
    # The table of metrics stays as it is: scrolled by itself, MLflow 3.17 shows values beside other names.
    names = "(//*[contains(text(), 'Run Name')])[last()]"
    browser.wheel(names, 500)
    time.sleep(SETTLE_SECONDS)
    shown = dict(zip(browser.beside(names), browser.beside(plot_link("curve.spearman")), strict=True))
    expected = {run_name(family): f"{value:.3f}".rstrip("0") for family, value in spearman().items()}
    assert shown == expected, (shown, expected)
    picture(browser, out, "mlflow_compare")


def curves(browser: Browser, out: Path) -> None:
    """The four learning curves in one plot, from the comparison."""
    browser.click(plot_link("curve.spearman"))
    browser.wait_for("X-axis", f"(step={ROWS})", *(f"{run_name(f)} (curve.spearman)" for f in FAMILIES))
    picture(browser, out, "mlflow_curves")


def figures(browser: Browser, out: Path) -> None:
    """One run: its figures of merit, and its pictures."""
    browser.click(f"//a[.='{run_name('additive')}']")
    browser.wait_for("Run ID", "mean.spearman", "config.passes", "held_out_rows")
    picture(browser, out, "mlflow_run")
    browser.click("//*[@role='tab'][normalize-space()='Artifacts']")
    browser.wait_for("learning_curve.png", "predicted_against_measured.png", "rank_correlation_by_device.png")
    browser.click("//*[contains(text(), 'interval_coverage.png')]")
    browser.find("//img[starts-with(@src, 'blob:') or contains(@src, 'get-artifact')]")
    picture(browser, out, "mlflow_figures")


def registry(browser: Browser, out: Path) -> None:
    """The registered model with its versions and their aliases."""
    shown = browser.wait_for(MODEL, "Version 2", "champion", "Version 1", "challenger")
    assert shown.index("Version 2") < shown.index("champion") < shown.index("Version 1"), shown
    assert shown.index("additive raspi4") < shown.index("lookup raspi4"), shown
    picture(browser, out, "mlflow_registry")


def run_name(family: str) -> str:
    """Name of a predictor's run: predictor, device and rows."""
    return f"{family} raspi4 {ROWS}"


def plot_link(metric: str) -> str:
    """XPath of a metric's name in a comparison; it leads to a plot."""
    return f"//a[@title='Plot chart'][normalize-space()='{metric}']"


def spearman() -> dict[str, float]:
    """Mean Spearman correlation of the four predictors, read from the store."""
    client = open_client()
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    runs = {run.info.run_name: run.data.metrics for run in client.search_runs([experiment])}
    return {family: runs[run_name(family)]["mean.spearman"] for family in FAMILIES}


def picture(browser: Browser, out: Path, name: str) -> None:
    """Keep what the window shows, once it has come to rest."""
    time.sleep(SETTLE_SECONDS)
    path = out / f"{name}.png"
    browser.picture(path)
    assert path.stat().st_size <= LARGEST, path


if __name__ == "__main__":
    main()
