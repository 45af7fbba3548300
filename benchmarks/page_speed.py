"""How quickly the page of the service is there, and how quickly it draws many devices.

    python benchmarks/page_speed.py

A headless Chromium opens the page of an `archcast serve` of its own on this machine: time to the first paint,
as the browser tells it, with an empty cache each time; then 1,000 rows with their intervals are drawn by the
page's own code, with the layout and the drawing that the browser makes of them, and the limit is moved over
them. As other work on the machine stretches all of that, the processor time of the page's own thread is told
beside it. Rows are added to `results/page_speed.csv`.
"""

from __future__ import annotations

import csv
import os
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "page_speed.csv"
RUNS = 15
ROWS = 1000
_PAINT = """
const paints = performance.getEntriesByType("paint");
return paints.find(entry => entry.name === "first-contentful-paint")?.startTime ?? null;
"""
_DRAW = """
const [rows, runs] = [arguments[0], arguments[1]], done = arguments[2];
const shown = Array.from({length: rows}, (_, i) => ({
  device: `device-${i}`, breaks: false,
  about: {hardware: `Device ${i}`, device: `device-${i}`, runtime: "runtime", basis: "measurements"},
  cells: {a: {value: 1 + i / 7, lower: 0.9 + i / 8, upper: 1.2 + i / 6, note: i % 3 ? "" : "unlike any"}},
}));
const drawn = async () => {
  const {Bars} = await import("/page/bars.js");
  document.querySelector("#costs").hidden = false;
  const bars = new Bars(document.querySelector("#bars"), {picked() {}, limited() {}});
  const frame = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
  const times = {redraw: [], limit: []};
  for (let i = 0; i < runs; i++) {
    let start = performance.now();
    bars.show({rows: shown, slots: ["a"], unit: "ms", limit: 50 + i, log: false, atLeast: false, device: ""});
    document.body.offsetHeight;
    times.redraw.push(performance.now() - start);
    await frame();
    start = performance.now();
    bars.limit(20 + i, shown.map(row => row.cells.a.value > 20 + i));
    await frame();
    times.limit.push(performance.now() - start);
  }
  return times;
};
drawn().then(done, error => done({error: String(error)}));
"""


def processor_ms(browser: Any) -> float:
    """Processor time that the page's thread has spent so far."""
    told = browser.call("POST", "/goog/cdp/execute", {"cmd": "Performance.getMetrics", "params": {}})
    return 1000 * next(float(m["value"]) for m in told["metrics"] if m["name"] == "TaskDuration")


def first_paints(browser: Any, url: str) -> list[float]:
    """Milliseconds to the first paint of something, an empty cache each time."""
    found = []
    for _ in range(RUNS):
        browser.open("about:blank")
        browser.call("POST", "/goog/cdp/execute", {"cmd": "Network.clearBrowserCache", "params": {}})
        browser.open(url)
        browser.find("//body[@data-ready='true']")
        found.append(float(browser.run(_PAINT)))
    return found


def redraws(browser: Any) -> dict[str, list[float]]:
    """Milliseconds of drawing all rows anew, and of moving the limit over them."""
    given = {"script": _DRAW, "args": [ROWS, RUNS]}
    times: dict[str, list[float]] = browser.call("POST", "/execute/async", given)
    if "error" in times:
        raise SystemExit(f"the page cannot draw: {times['error']}")
    return times


def main() -> None:
    """Measure, say it and write it down."""
    sys.path[:0] = [str(HERE.parent / "examples"), str(HERE.parent / "tests")]
    from browser import chromium
    from serve_process import served

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as service, chromium() as browser:
        clock = {"cmd": "Performance.enable", "params": {"timeDomain": "threadTicks"}}
        browser.call("POST", "/goog/cdp/execute", clock)
        times = {"first paint": first_paints(browser, service.url)}
        before = processor_ms(browser)
        drawn = redraws(browser)
        spent = (processor_ms(browser) - before) / RUNS
    times |= {
        f"{ROWS} devices drawn anew": drawn["redraw"],
        f"limit moved over {ROWS} devices": drawn["limit"],
    }
    records = [
        {
            "day": datetime.now(UTC).date().isoformat(),
            "what": what,
            "median_ms": round(statistics.median(ms), 1),
            "slowest_ms": round(max(ms), 1),
            "runs": len(ms),
            "cores": os.cpu_count(),
            "load_before": round(load, 2),
            "processor_ms_of_both_drawings": round(spent, 1) if what != "first paint" else "",
        }
        for what, ms in times.items()
    ]
    write(records)
    print(f"processor time of drawing anew and moving the limit once: {spent:.1f} ms")
    for record in records:
        print(f"{record['what']}: median {record['median_ms']} ms, slowest {record['slowest_ms']} ms")


def write(records: list[dict[str, Any]]) -> None:
    """Add rows to the results."""
    new = not RESULTS.is_file()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()
