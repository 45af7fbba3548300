import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from tracked_cases import fitted_to, noisy_labels

from archcast.core.labels import Target
from archcast.predictors import LookupTable
from archcast.predictors.intervals import LEVELS
from archcast.training.coverage import coverage_by_size, interval_coverage
from archcast.training.figures import figures
from archcast.training.figures.panels import MAX_PANELS, error_by_size, predicted_against_measured
from archcast.training.figures.summaries import (
    interval_coverage_by_device,
    learning_curve_of,
    rank_correlation_by_device,
)
from archcast.training.learning import CurvePoint

TWO = fitted_to(noisy_labels(), LookupTable)[0]
MANY = fitted_to(noisy_labels(tuple(f"board_{i:02}" for i in range(MAX_PANELS + 2))), LookupTable)[0]


def test_every_figure_can_be_written(tmp_path):
    made = figures(TWO)
    assert list(made) == [
        "predicted_against_measured",
        "error_by_size",
        "rank_correlation_by_device",
        "interval_coverage",
    ]
    for name, figure in made.items():
        path = tmp_path / f"{name}.png"
        figure.savefig(path, dpi=40)
        assert path.stat().st_size > 2_000


def test_points_are_the_held_out_measurements():
    panels = predicted_against_measured(TWO).axes
    drawn = {axes.get_title().partition("\n")[0]: axes.lines[-1].get_xydata() for axes in panels}
    assert list(drawn) == sorted(drawn, key=lambda name: TWO.card.quality[name]["spearman"])
    known = np.isfinite(TWO.truth[:, 1])
    expected = np.stack([TWO.truth[known, 1], TWO.predicted[known, 1]], axis=1)
    np.testing.assert_allclose(drawn["board_b/cifar10"], expected)
    assert all(axes.get_xscale() == axes.get_yscale() == "log" for axes in panels)
    assert all(axes.get_xlabel() == "measured (ms)" for axes in panels)
    assert all(axes.get_xlim() == axes.get_ylim() for axes in panels)


def test_errors_are_relative_to_the_measurement():
    panel = next(a for a in error_by_size(TWO).axes if a.get_title().startswith("board_a/"))
    known = np.isfinite(TWO.truth[:, 0])
    truth, predicted = TWO.truth[known, 0], TWO.predicted[known, 0]
    drawn = panel.lines[1].get_xydata()
    np.testing.assert_allclose(drawn[:, 1], 100 * (predicted / truth - 1), atol=1e-4)
    assert panel.get_xscale() == "log"


def test_at_most_nine_panels_and_the_rest_is_said():
    figure = predicted_against_measured(MANY)
    assert len(figure.axes) == MAX_PANELS
    assert "2 more are not shown: board_" in figure.get_supxlabel()
    worst = min(MANY.card.quality, key=lambda name: MANY.card.quality[name]["spearman"])
    assert figure.axes[0].get_title().startswith(worst)
    assert predicted_against_measured(TWO).get_supxlabel() == ""


def test_bars_are_all_devices_in_order():
    axes = rank_correlation_by_device(MANY).axes[0]
    widths = [bar.get_width() for bar in axes.patches]
    assert len(widths) == MAX_PANELS + 2
    assert widths == sorted(widths)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert widths == [MANY.card.quality[name]["spearman"] for name in names]


def test_coverage_is_drawn_for_every_device_with_the_mean():
    overall, by_size = interval_coverage_by_device(TWO).axes
    covered = 100 * interval_coverage(TWO)
    promised, *devices, mean = overall.lines
    np.testing.assert_array_equal(promised.get_xdata(), promised.get_ydata())
    assert len(devices) == 2
    for line, column in zip(devices, covered.T, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), 100 * LEVELS)
        np.testing.assert_array_equal(line.get_ydata(), column)
    np.testing.assert_allclose(mean.get_ydata(), covered.mean(axis=1))
    assert mean.get_label() == "mean of 2 devices"
    np.testing.assert_array_equal(by_size.lines[1].get_ydata(), 100 * coverage_by_size(TWO)[:, 0])


def test_a_learning_curve_is_drawn_when_there_is_one():
    points = [CurvePoint(rows, {"spearman": 0.9, "kendall": 0.8, "mape": 10 / rows}) for rows in (200, 50)]
    ranks, errors = learning_curve_of(TWO, points).axes
    np.testing.assert_array_equal(ranks.lines[0].get_xydata(), [[50, 0.9], [200, 0.9]])
    np.testing.assert_array_equal(ranks.lines[1].get_ydata(), [0.8, 0.8])
    np.testing.assert_allclose(errors.lines[0].get_ydata(), [20, 5])
    assert "learning_curve" in figures(TWO, points)


def test_accuracy_has_plain_axes():
    labels = noisy_labels(("cifar10",))
    values = np.where(np.isnan(labels.values), np.nan, np.minimum(80 + labels.values / 3, 95))
    labels = replace(labels, metric="accuracy", targets=(Target("cifar10", "cifar10"),), values=values)
    axes = predicted_against_measured(fitted_to(labels, LookupTable)[0]).axes[0]
    assert axes.get_xscale() == "linear"
    assert axes.get_xlabel() == "measured (%)"


@pytest.mark.parametrize("spread", [0.0, 1e-3])
def test_values_that_hardly_differ_can_be_drawn(spread, tmp_path):
    truth = np.full_like(TWO.truth, 5.0) * (1 + spread * np.arange(len(TWO.truth))[:, None] / 100)
    flat = replace(TWO, truth=truth, predicted=np.full_like(TWO.predicted, 5.0))
    for name, figure in figures(flat).items():
        figure.savefig(tmp_path / f"{name}.png", dpi=20)


def test_pyplot_stays_out():
    code = (
        "import sys; sys.path[:0] = {paths}\n"
        "from tracked_cases import *; from archcast.predictors import FlopsBaseline\n"
        "from archcast.training.figures import figures\n"
        "figures(fitted_to(noisy_labels(), FlopsBaseline)[0])\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.format(paths=repr(sys.path))], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
