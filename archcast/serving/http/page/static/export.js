// What leaves the page: a table, a picture, and the lines that give the same numbers.
import { datasets, scaleOf } from "./bars.js";
import { labelOf } from "./catalog.js";
import { download, make, number } from "./dom.js";
import { DIAMOND } from "./measured.js";
import { colour } from "./theme.js";

const COLUMNS = ["subject", "device", "hardware", "runtime", "precision", "batch", "threads", "metric", "unit", "value", "lower", "upper", "coverage", "origin", "predictor", "version", "note", "table_value", "table"];
const COVERAGE = 0.9;
const PICTURED = 120;
const STARTS_FORMULA = /^[=+\-@\t\r]/;

/** A field as spreadsheets read it; text that they would run as a formula is marked as text. */
function field(value) {
  if (value == null) return "";
  const text = typeof value === "string" && STARTS_FORMULA.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The rows as CSV, one line a subject and device. */
export function csvOf(shown, subjects, metric) {
  const lines = [COLUMNS];
  for (const row of shown.rows) {
    for (const subject of subjects) {
      const cell = row.cells[subject.slot];
      if (!cell) continue;
      const { device, hardware, runtime, precision, batch, threads, basis, predictor, version } = cell;
      lines.push([subject.name, device, hardware, runtime, precision, batch, threads, metric, shown.unit, cell.value, cell.lower, cell.upper, COVERAGE, basis, predictor, version, cell.note, cell.found?.measured, cell.found?.source]);
    }
  }
  return lines.map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
}

export const saveCsv = (shown, subjects, metric) =>
  download(`archcast-${metric}.csv`, new Blob([csvOf(shown, subjects, metric)], { type: "text/csv" }));

/** The bars as a picture, with their names and values; returns how many rows it holds. */
export async function savePng(shown, subjects, metric) {
  const rows = shown.rows.slice(0, PICTURED);
  const several = subjects.length > 1;
  const canvas = make("canvas", { width: 1100, height: 110 + rows.length * (several ? 40 : 30) });
  const made = new Chart(canvas, {
    type: "bar",
    data: { datasets: [...limitOf(shown, rows.length), ...datasets({ ...shown, rows }, 0, rows.length)] },
    plugins: [{ id: "back", beforeDraw: fillBack }],
    options: {
      indexAxis: "y",
      responsive: false,
      maintainAspectRatio: false,
      devicePixelRatio: 2,
      layout: { padding: 14 },
      plugins: {
        legend: { display: false },
        title: { display: true, text: titleOf(shown, subjects, metric), color: colour("ink"), align: "start" },
      },
      scales: {
        x: { ...scaleOf(shown), title: { display: true, text: `${metric} (${shown.unit}), with 90 % intervals${foundIn(rows)}` } },
        y: { type: "linear", reverse: true, offset: false, min: -0.5, max: rows.length - 0.5, grid: { display: false }, afterBuildTicks: (axis) => (axis.ticks = rows.map((_, value) => ({ value }))), ticks: { autoSkip: false, color: colour("ink"), callback: (i) => lineOf(rows[i], shown) } },
      },
    },
  });
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  made.destroy();
  download(`archcast-${metric}.png`, blob);
  return rows.length;
}

const foundIn = (rows) => (rows.some((row) => Object.values(row.cells).some((cell) => cell?.found)) ? `; ${DIAMOND} as a table has it` : "");

const titleOf = (shown, subjects, metric) => [
  ...subjects.map((s) => `${subjects.length > 1 ? `${s.slot.toUpperCase()}: ` : ""}${s.name}`.slice(0, 140)),
  shown.limit == null ? `${metric}, as archcast predicts it` : `${metric}, limit ${number(shown.limit)} ${shown.unit}`,
];

function lineOf(row, { slots }) {
  const cells = slots.map((slot) => row.cells[slot]).filter((cell) => cell?.value != null);
  const values = cells.map((cell) => number(cell.value)).join(" | ");
  return `${labelOf(row.about).name} (${row.device}) ${values}, ${row.about.basis}`;
}

function fillBack({ ctx, width, height }) {
  ctx.save();
  ctx.fillStyle = colour("card");
  ctx.fillRect(0, 0, width, height);
  ctx.restore();
}

function limitOf({ limit }, count) {
  if (limit == null) return [];
  const data = [{ x: limit, y: -0.5 }, { x: limit, y: count - 0.5 }];
  return [{ type: "line", data, borderColor: colour("limit"), borderWidth: 2, pointRadius: 0, order: -1 }];
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const python = (value) => JSON.stringify(value).replaceAll("true", "True").replaceAll("false", "False").replaceAll("null", "None");

/** The command and the Python lines that give the numbers of the shown devices for one subject. */
export function linesOf(subject, metric, devices) {
  const named = devices.map((device) => `-d ${device}`).join(" ");
  const { file, space, dataset } = subject;
  if (file) {
    const { bind = [], input = [], batch } = file.shapes;
    const flags = [...(batch ? [`--batch ${batch}`] : []), ...input.map((w) => `--input ${quoted(w)}`), ...bind.map((w) => `--bind ${quoted(w)}`)];
    const given = [
      ...(batch ? [`batch=${batch}`] : []),
      ...(input.length ? [`inputs={${input.map(shapeOf).join(", ")}}`] : []),
      ...bind.map((word) => word),
    ];
    return {
      command: ["archcast predict", quoted(file.name), `--metric ${metric}`, ...flags, named].join(" "),
      python: `import archcast\n\nnetwork = archcast.network(${[python(file.name), ...given].join(", ")})\n${callOf("network", metric, devices, "")}`,
    };
  }
  const where = dataset ? `, dataset=${python(dataset)}` : "";
  return {
    command: ["archcast predict", quoted(subject.name), `--space ${space}`, `--metric ${metric}`, ...(dataset ? [`--dataset ${dataset}`] : []), named].join(" "),
    python: `import archcast\n\narchitecture = ${python(subject.asked.architecture)}\n${callOf("architecture", metric, devices, `, space=${python(space)}${where}`)}`,
  };
}

function shapeOf(word) {
  const [name, value] = word.split("=");
  return `${python(name)}: (${value.split("x").join(", ")},)`;
}

const callOf = (what, metric, devices, more) =>
  `devices = ${python(devices)}\narchcast.predict([${what}], devices, ${python(metric)}${more})\n` +
  `archcast.predict_interval([${what}], devices, ${python(metric)}${more})`;

/** Text to take along, with a button that copies it. */
export function copied(name, text) {
  const button = make("button", { type: "button", "aria-label": `Copy: ${name}`, onclick: () => copy(text, button) }, "Copy");
  return make("div", { class: "copy" }, make("pre", { tabindex: 0, "aria-label": name }, text), button);
}

export async function copy(text, button) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it by hand";
  }
  setTimeout(() => (button.textContent = before), 1500);
}
