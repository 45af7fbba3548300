// Costs as rows, one a device, with their bars: the rows are text for everyone, the bars one chart behind them
// that shows what the rows in sight are of.
import { labelOf } from "./catalog.js";
import { eachFrame, find, make, number } from "./dom.js";
import { limitLine } from "./limit.js";
import { foundOf } from "./measured.js";
import { colour } from "./theme.js";

const HEAD = 30;
const NARROW = 760;
const THICK = { one: 16, two: 11 };
const GROUP = 40; // rows that are made at once, and laid out only while they are in sight

export class Bars {
  /** `picked` is told the device whose row was chosen, `limited` where the limit was dragged to. */
  constructor(box, { picked, limited }) {
    this.box = box;
    this.shown = { rows: [], slots: ["a"], unit: "", limit: null, log: false, atLeast: false, device: "" };
    this.kept = new Map();
    this.redraw = eachFrame(() => this.place());
    this.canvas = make("canvas", { "aria-hidden": "true" });
    this.plot = make("div", { class: "plot" }, this.canvas);
    this.line = limitLine(this.plot, () => this.chart?.scales.x, limited);
    box.addEventListener("scroll", this.redraw, { passive: true });
    box.addEventListener("click", (event) => {
      if (event.target.closest(".device")) picked(event.target.closest(".row").dataset.device);
    });
    new ResizeObserver(this.redraw).observe(box);
  }

  /** Show rows: `{device, about, cells: {a, b}, breaks}`, in the order in which they stand. */
  show(shown) {
    Object.assign(this.shown, shown);
    const { rows, slots } = this.shown;
    this.narrow = innerWidth <= NARROW;
    const several = slots.length > 1;
    this.height = this.narrow ? (several ? 84 : 78) : several ? 58 : 42;
    this.box.classList.toggle("two", several);
    this.box.style.setProperty("--row", `${this.height}px`);
    clearTimeout(this.filling);
    if (!rows.length) {
      this.box.replaceChildren(make("p", { class: "empty" }, "No device fits these words."));
      return;
    }
    const sticky = make("div", { class: "sticky" }, this.plot);
    const list = make("div", { role: "table", "aria-label": "Costs by device", "aria-rowcount": rows.length + 1 });
    const groups = Math.ceil(rows.length / GROUP);
    this.groups = Array.from({ length: groups }, (_, i) => this.group(Math.min(GROUP, rows.length - i * GROUP)));
    list.append(this.head(), ...this.groups);
    this.fill(0);
    this.box.replaceChildren(sticky, list);
    this.place();
    this.fillRest();
  }

  /** An empty group, as high as its rows will be. */
  group(rows) {
    const group = make("div", { role: "rowgroup", class: "group" });
    group.style.setProperty("--rows", rows);
    return group;
  }

  /** Make the rows of a group, unless they are there. */
  fill(i) {
    const group = this.groups[i];
    if (!group || group.firstChild) return;
    group.append(...this.shown.rows.slice(i * GROUP, (i + 1) * GROUP).map((row) => this.keptRow(row)));
  }

  /** Make rows out of sight a group at a time, so that what is asked meanwhile does not wait. */
  fillRest() {
    const next = this.groups.findIndex((group) => !group.firstChild);
    if (next < 0) return;
    this.filling = setTimeout(() => {
      this.fill(next);
      this.fillRest();
    });
  }

  head() {
    const cell = (text, name = "") => make("span", { role: "columnheader", class: name }, text);
    const unit = make("span", { class: "sr" }, `bar, ${this.shown.unit}`);
    return make(
      "div",
      { class: "head", role: "row" },
      cell("Device"),
      make("span", { role: "columnheader", class: "plot-cell" }, unit),
      cell(`${this.shown.unit}, 90 % interval`),
      cell("Learned from"),
    );
  }

  /** The element of a row, made anew only where what it says has changed. */
  keptRow(row) {
    const { a, b } = row.cells;
    const said = [a, b, this.shown.slots.length];
    let kept = this.kept.get(row.device);
    if (!kept || said.some((value, i) => value !== kept.said[i])) {
      kept = { said, element: this.row(row) };
      this.kept.set(row.device, kept);
    }
    kept.element.className = `row${row.breaks ? " breaks" : ""}${row.device === this.shown.device ? " chosen" : ""}`;
    return kept.element;
  }

  row({ device, about, cells }) {
    const label = labelOf(about);
    const name = make(
      "button",
      { type: "button", class: "device", title: label.how },
      label.name,
      make("small", {}, label.how),
    );
    const values = this.shown.slots.map((slot) => this.value(slot, cells[slot]));
    const noted = Object.values(cells).some((cell) => cell?.note);
    const origin = make("span", { role: "cell", class: "origin" }, about.basis);
    const found = foundOf({ about, cells }, this.shown.slots);
    if (noted) {
      const notes = [...new Set(Object.values(cells).map((cell) => cell?.note).filter(Boolean))].join("; ");
      origin.append(" ", make("b", { title: notes }, "note", make("span", { class: "sr" }, `: ${notes}`)));
    }
    origin.append(found);
    return make(
      "div",
      { role: "row", "data-device": device },
      make("span", { role: "cell" }, name),
      make("span", { role: "cell", class: "plot-cell" }),
      make("span", { role: "cell", class: "value" }, ...values),
      origin,
    );
  }

  value(slot, cell) {
    const several = this.shown.slots.length > 1;
    const mark = several ? make("span", { class: `mark ${slot}` }, make("span", { class: "sr" }, slot.toUpperCase())) : "";
    if (!cell) return make("div", {}, mark, make("small", {}, "not asked"));
    if (cell.value == null) return make("div", { title: cell.note }, mark, make("small", {}, "cannot be told"));
    const ends = cell.lower == null ? "no interval" : `${number(cell.lower)} – ${number(cell.upper)}`;
    return make("div", {}, mark, number(cell.value), make("small", {}, ends));
  }

  /** Mark the chosen row, without drawing all of them anew. */
  choose(device) {
    this.shown.device = device;
    for (const row of this.box.querySelectorAll(".row")) row.classList.toggle("chosen", row.dataset.device === device);
  }

  /** Show the same rows where more is known of some of them now; what has the focus keeps it. */
  renew(rows) {
    this.shown.rows = rows;
    for (const row of rows) {
      const before = this.kept.get(row.device)?.element;
      if (!before?.isConnected) continue;
      const after = this.keptRow(row);
      if (before === after) continue;
      const focused = before.contains(document.activeElement);
      before.replaceWith(after);
      if (focused) find("button", after).focus();
    }
    this.redraw();
  }

  /** Devices of the rows in sight. */
  inSight() {
    const first = Math.floor(this.box.scrollTop / this.height);
    const last = Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.height);
    return this.shown.rows.slice(first, last).map((row) => row.device);
  }

  /** Move the limit: what keeps it is told by `breaks`, a row each. */
  limit(limit, breaks) {
    this.shown.limit = limit;
    this.shown.rows.forEach((row, i) => {
      row.breaks = breaks[i];
      this.kept.get(row.device)?.element.classList.toggle("breaks", breaks[i]);
    });
    this.redraw();
  }

  /** Put the chart where the bars' column is, and draw the bars of the rows in sight. */
  place() {
    if (!this.shown.rows.length) return;
    const cell = find(".row .plot-cell", this.box);
    const within = this.box.getBoundingClientRect();
    const seen = cell.getBoundingClientRect();
    if (!seen.width) return;
    const height = Math.min(this.box.clientHeight, HEAD + this.height * this.shown.rows.length);
    Object.assign(this.plot.style, {
      left: `${seen.left - within.left + this.box.scrollLeft}px`,
      width: `${seen.width}px`,
      height: `${height}px`,
    });
    if (!this.chart) this.begin();
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.height) - 1);
    const last = Math.ceil((this.box.scrollTop + height) / this.height) + 1;
    for (let i = Math.floor(first / GROUP); i <= last / GROUP; i++) this.fill(i);
    const top = this.box.scrollTop / this.height;
    const { x, y } = this.chart.options.scales;
    Object.assign(y, { min: top - 0.5, max: top + (height - HEAD) / this.height - 0.5 });
    Object.assign(x, scaleOf(this.shown));
    x.grid.color = x.border.color = colour("line");
    x.ticks.color = colour("quiet");
    this.chart.data.datasets = datasets(this.shown, first, last, this.narrow);
    this.chart.resize(seen.width, height);
    this.chart.update("none");
    this.line.place(this.shown.limit, this.shown.atLeast, this.shown.unit);
  }

  begin() {
    this.chart = new Chart(this.canvas, {
      type: "bar",
      data: { datasets: [] },
      options: {
        indexAxis: "y",
        responsive: false,
        maintainAspectRatio: false,
        animation: false,
        events: [],
        layout: { padding: 0 },
        plugins: { legend: { display: false }, tooltip: { enabled: false } },
        scales: {
          x: { position: "top", grid: {}, border: {}, ticks: { maxTicksLimit: 6, maxRotation: 0 }, afterFit: (scale) => (scale.height = HEAD) },
          y: { type: "linear", display: false, reverse: true, offset: false },
        },
      },
    });
  }
}

const BEYOND = 1.4; // how far beyond the values themselves an interval may widen the axis

/** Numbers above 0 that are shown of all cells. */
const shownOf = (rows, slots, name) => rows.flatMap((row) => slots.map((slot) => row.cells[slot]?.[name])).filter((v) => v > 0);

/** The axis of the values; a logarithmic one begins at the power of ten below the least. */
export function scaleOf({ rows, slots, limit, log }) {
  const values = shownOf(rows, slots, "value");
  const highest = Math.max(...values, 0);
  const most = Math.max(limit ?? 0, highest, Math.min(BEYOND * highest, Math.max(...shownOf(rows, slots, "upper"), 0)));
  const least = Math.min(limit ?? Infinity, ...values);
  if (!log) return { type: "linear", min: 0, max: undefined, suggestedMax: most || 1 };
  return { type: "logarithmic", min: 10 ** Math.floor(Math.log10(least || 1)), max: most * 1.15, suggestedMax: undefined };
}

/** How far below the middle of its row a bar lies, in rows; on narrow screens below the text. */
function shiftOf(place, several, narrow) {
  if (!narrow) return several ? (place - 0.5) * 0.3 : 0;
  return several ? 0.26 + 0.13 * place : 0.36;
}

/** Bars of some rows with their intervals; those that break the limit are pale. */
export function datasets({ rows, slots }, first, last, narrow = false) {
  const made = [];
  const thick = slots.length > 1 ? THICK.two : THICK.one;
  slots.forEach((slot, place) => {
    const [fill, end] = [colour(slot), colour(`${slot}-end`)];
    const shift = shiftOf(place, slots.length > 1, narrow);
    const bars = [], ends = [], fills = [], found = [];
    rows.slice(first, last).forEach((row, i) => {
      const cell = row.cells[slot];
      if (cell?.value == null) return;
      bars.push({ x: cell.value, y: first + i + shift });
      fills.push(row.breaks ? `${fill}55` : `${fill}cc`);
      if (cell.found) found.push({ x: cell.found.measured, y: first + i + shift });
      if (cell.lower != null) ends.push({ x: [cell.lower, cell.upper], y: first + i + shift });
    });
    const shared = { grouped: false, borderSkipped: false };
    const diamond = { pointStyle: "rectRot", radius: 5, backgroundColor: colour("card"), borderColor: colour("ink"), borderWidth: 1.5 };
    made.push({ type: "scatter", data: found, ...diamond, order: -1 });
    made.push({ ...shared, data: ends, backgroundColor: end, barThickness: 3, order: 0 });
    made.push({ ...shared, data: bars, backgroundColor: fills, barThickness: narrow ? thick - 3 : thick, borderRadius: 3, order: 1 });
  });
  return made;
}
