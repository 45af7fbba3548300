// Where the cost goes: parts of the network as bars, by kind of kernel; pointed at, shapes and counts.
import { breakdown } from "./api.js";
import { count, find, inShort, make, number, share } from "./dom.js";
import { kindColours } from "./theme.js";

const MOST_PARTS = 16;
const MOST_SHAPES = 6;
const DEAREST = 10;
const WORDS_OF_PART = 2;
const charts = new Map();

/** Show where the costs of subjects go on a device, side by side. */
export async function showWhere(subjects, metric, device) {
  const box = find("#where-charts");
  find("#where").hidden = false;
  find("#where-told").textContent = `Working out ${device} …`;
  const asked = metric === "throughput" ? "latency" : metric;
  const found = await Promise.all(
    subjects.map((subject) => breakdown(subject, asked, device).catch((error) => ({ error }))),
  );
  for (const chart of charts.values()) chart.destroy();
  charts.clear();
  const first = found.find((told) => !told.error);
  find("#where-told").textContent = first ? toldOf(first, metric, device) : "";
  box.replaceChildren(...found.map((told, i) => panel(subjects[i], told, subjects.length > 1)));
}

function toldOf(told, metric, device) {
  if (!told.is_cost) {
    return `The predictor of ${device} knows decisions, not kernels; these are multiply-adds, no share of its cost.`;
  }
  return `${metric === "throughput" ? "Latency, from which throughput follows, on" : "On"} ${device}: the dearest parts first.`;
}

function panel(subject, told, several) {
  const title = several ? make("h3", {}, make("span", { class: `mark ${subject.slot}` }), ` ${inShort(subject.name)}`) : "";
  if (told.error) return make("div", {}, title, make("p", { class: "wrong" }, told.error.message));
  const parts = partsOf(told.kernels);
  const canvas = make("canvas", { role: "img", "aria-label": `Parts of ${subject.name} by cost; the table below says the same.` });
  const holder = make("div", { class: "chart" }, canvas);
  holder.style.height = `${70 + 24 * parts.length}px`;
  charts.set(subject.slot, chartOf(canvas, parts, told.unit));
  return make("div", {}, title, holder, tableOf(told));
}

const nameOf = (kernel) =>
  kernel.part.replaceAll("/", ".").replace(/^\.+|\.+$/g, "").split(".").slice(0, WORDS_OF_PART).join(".") || `(${kernel.kind})`;

/** Parts with their kernels by kind, dearest first; what is beyond the most that are shown is one part. */
function partsOf(kernels) {
  const parts = new Map();
  for (const kernel of kernels) {
    const name = nameOf(kernel);
    const part = parts.get(name) ?? { name, value: 0, kinds: new Map() };
    add(part, kernel);
    parts.set(name, part);
  }
  const sorted = [...parts.values()].sort((one, other) => other.value - one.value);
  const rest = sorted.splice(MOST_PARTS);
  if (rest.length) {
    const others = { name: `${rest.length} other parts`, value: 0, kinds: new Map() };
    for (const part of rest) for (const own of part.kinds.values()) own.kernels.forEach((kernel) => add(others, kernel));
    sorted.push(others);
  }
  return sorted;
}

function add(part, kernel) {
  const own = part.kinds.get(kernel.kind) ?? { value: 0, share: 0, kernels: [] };
  own.value += kernel.value;
  own.share += kernel.share;
  own.kernels.push(kernel);
  part.value += kernel.value;
  part.kinds.set(kernel.kind, own);
}

function chartOf(canvas, parts, unit) {
  const totals = new Map();
  for (const part of parts) for (const [kind, own] of part.kinds) totals.set(kind, (totals.get(kind) ?? 0) + own.value);
  const colours = kindColours();
  const dearest = [...totals].sort((one, other) => other[1] - one[1]).map(([kind]) => kind);
  const datasets = dearest.map((kind, i) => ({
    label: kind,
    data: parts.map((part) => part.kinds.get(kind)?.value ?? 0),
    backgroundColor: colours[Math.min(i, colours.length - 1)],
    barThickness: 15,
  }));
  const label = ({ dataset, dataIndex }) => toldKernels(dataset.label, parts[dataIndex].kinds.get(dataset.label), unit);
  return new Chart(canvas, {
    type: "bar",
    data: { labels: parts.map((part) => part.name), datasets },
    options: {
      indexAxis: "y",
      maintainAspectRatio: false,
      scales: { x: { stacked: true, title: { display: true, text: unit }, ticks: { callback: count, maxRotation: 0 } }, y: { stacked: true, ticks: { autoSkip: false } } },
      plugins: {
        legend: { position: "bottom", labels: { boxWidth: 12, filter: (item) => item.datasetIndex < colours.length } },
        tooltip: { callbacks: { label }, filter: (item) => item.raw > 0 },
      },
    },
  });
}

/** Lines on the kernels of a kind in a part: what they add, how many, of what shapes. */
function toldKernels(kind, own, unit) {
  const shapes = new Map();
  for (const { shape, operators } of own.kernels) {
    const text = [operators, shape].filter(Boolean).join(": ");
    shapes.set(text, (shapes.get(text) ?? 0) + 1);
  }
  const lines = [...shapes].slice(0, MOST_SHAPES).map(([text, times]) => `${times} × ${text || "no operator"}`);
  const more = shapes.size - lines.length;
  return [`${kind}: ${number(own.value)} ${unit}, ${share(own.share)}`, ...lines, ...(more > 0 ? [`and ${more} more`] : [])];
}

function tableOf(told) {
  const dearest = [...told.kernels].sort((one, other) => other.value - one.value).slice(0, DEAREST);
  const head = make("tr", {}, ...["Kernel", "Part", "Shape"].map((text) => make("th", {}, text)), make("th", { class: "num" }, told.unit), make("th", { class: "num" }, "Share"));
  const rows = dearest.map((kernel) =>
    make(
      "tr",
      {},
      make("td", {}, kernel.operators || kernel.kind),
      make("td", {}, kernel.part),
      make("td", {}, kernel.shape),
      make("td", { class: "num" }, told.is_cost ? number(kernel.value) : count(kernel.value)),
      make("td", { class: "num" }, share(kernel.share)),
    ),
  );
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows));
  return make("details", {}, make("summary", {}, "The dearest kernels as a table"), make("div", { class: "scroll" }, table));
}
