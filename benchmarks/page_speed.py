"""How quickly the page of the service is there, and how quickly it draws many devices.

    python benchmarks/page_speed.py

A headless Chromium opens the page of an `archcast serve` of its own on this machine: time to the first paint,
as the browser tells it, with an empty cache each time; then 1,000 rows with their intervals, each of them
changed, are drawn by the page's own code, with the layout and the drawing that the browser makes of them:
until those in sight are drawn, and until the text of every row is there; and the limit is moved over them. As
other work on the machine stretches all of that, the processor time of the page's own thread is told beside
it: of all its work until the page can be used, and of each drawing. Writes `results/page_speed.csv`.
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
const [rows, runs, what] = arguments, done = arguments[3];
const rowsOf = () => Array.from({length: rows}, (_, i) => ({
  device: `device-${i}`, breaks: false,
  about: {hardware: `Device ${i}`, device: `device-${i}`, runtime: "runtime", basis: "measurements"},
  cells: {a: {value: 1 + i / 7, lower: 0.9 + i / 8, upper: 1.2 + i / 6, note: i % 3 ? "" : "unlike any"}},
}));
const drawn = async () => {
  const {Bars} = await import("/page/bars.js");
  document.querySelector("#costs").hidden = false;
  const bars = new Bars(document.querySelector("#bars"), {picked() {}, limited() {}});
  const frame = () => new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
  const all = async () => { while (document.querySelectorAll("#bars .row").length < rows) await frame(); };
  const draw = (i, shown) => {
    bars.show({rows: shown, slots: ["a"], unit: "ms", limit: 50 + i, log: false, atLeast: false, device: ""});
    document.body.offsetHeight;
  };
  draw(0, rowsOf());
  await all();
  const times = [];
  for (let i = 0; i < runs; i++) {
    const shown = what === "limit" ? bars.shown.rows : rowsOf(), start = performance.now();
    if (what === "limit") bars.limit(20 + i, shown.map(row => row.cells.a.value > 20 + i));
    else draw(i, shown);
    if (what === "all") await all();
    await frame();
    times.push(performance.now() - start);
    await all();
  }
  return times;
};
drawn().then(done, error => done({error: String(error)}));
"""


def processor_ms(browser: Any) -> float:
    """Processor time that the page's thread has spent so far."""
    told = browser.call("POST", "/goog/cdp/execute", {"cmd": "Performance.getMetrics", "params": {}})
    return 1000 * next(float(m["value"]) for m in told["metrics"] if m["name"] == "TaskDuration")


def first_paints(browser: Any, url: str) -> tuple[list[float], float]:
    """Milliseconds to the first paint with an empty cache, and of the page's thread until it is ready."""
    found, spent = [], 0.0
    for _ in range(RUNS):
        browser.open("about:blank")
        browser.call("POST", "/goog/cdp/execute", {"cmd": "Network.clearBrowserCache", "params": {}})
        before = processor_ms(browser)
        browser.open(url)
        browser.find("//body[@data-ready='true']")
        after = processor_ms(browser)
        spent += after - before if after >= before else after  # the page may get a thread of its own
        found.append(float(browser.run(_PAINT)))
    return found, spent / RUNS


def drawings(browser: Any, what: str) -> tuple[list[float], float]:
    """Milliseconds of drawing rows anew, or of moving the limit over them, and the thread's of each."""
    timed(browser, what, 1)
    before = processor_ms(browser)
    times = timed(browser, what, RUNS)
    return times, (processor_ms(browser) - before) / RUNS


def timed(browser: Any, what: str, runs: int) -> list[float]:
    """Milliseconds of each drawing."""
    given = {"script": _DRAW, "args": [ROWS, runs, what]}
    times: Any = browser.call("POST", "/execute/async", given)
    if "error" in times:
        raise SystemExit(f"the page cannot draw: {times['error']}")
    return list(times)


def main() -> None:
    """Measure, say it and write it down."""
    sys.path[:0] = [str(HERE.parent / "examples"), str(HERE.parent / "tests")]
    from browser import chromium
    from serve_process import served

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as home, served(Path(home)) as service, chromium() as browser:
        clock = {"cmd": "Performance.enable", "params": {"timeDomain": "threadTicks"}}
        browser.call("POST", "/goog/cdp/execute", clock)
        found = {"first paint": first_paints(browser, service.url)}
        found[f"{ROWS} devices drawn anew, those in sight"] = drawings(browser, "sight")
        found[f"{ROWS} devices drawn anew, all rows"] = drawings(browser, "all")
        found[f"limit moved over {ROWS} devices"] = drawings(browser, "limit")
    records = [
        {
            "day": datetime.now(UTC).date().isoformat(),
            "what": what,
            "median_ms": round(statistics.median(ms), 1),
            "slowest_ms": round(max(ms), 1),
            "processor_ms": round(spent, 1),
            "runs": len(ms),
            "cores": os.cpu_count(),
            "load_before": round(load, 2),
        }
        for what, (ms, spent) in found.items()
    ]
    write(records)
    for record in records:
        print(", ".join(f"{name} {value}" for name, value in record.items()))


def write(records: list[dict[str, Any]]) -> None:
    """Write the results."""
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()
