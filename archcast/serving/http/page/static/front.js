// Accuracy against the cost on a device over a whole space, the architecture on it, and its best neighbours.
import { front } from "./api.js";
import { find, make, number } from "./dom.js";
import { colour } from "./theme.js";

const METRICS = new Set(["latency", "energy", "throughput"]);
let chart = null;
let told = null;
let asked = 0;

/** Show the front of an architecture's space on a device; `slow` ones are worked out when they are asked for. */
export function showFront(subject, metric, device, { slow, take }) {
  const section = find("#front");
  const fits = subject && !subject.file && subject.accuracy.length && METRICS.has(metric) && device;
  section.hidden = !fits;
  asked += 1;
  if (!fits) return;
  const button = find("#front-ask");
  button.hidden = !slow;
  find("#front-body").hidden = true;
  const work = () => load(subject, metric, device, take);
  button.onclick = () => {
    button.hidden = true;
    work();
  };
  if (slow) say(`${device} answers for ${subject.space} through its networks: some members are built for it, which takes some seconds.`);
  else work();
}

const say = (text) => (find("#front-told").textContent = text);

async function load(subject, metric, device, take) {
  const own = asked;
  say(`Looking at ${subject.space} on ${device} …`);
  try {
    const found = await front({ ...subject.asked, metric, device });
    if (own !== asked) return;
    told = found;
  } catch (error) {
    if (own === asked) say(error.message);
    return;
  }
  const many = told.members.toLocaleString("en");
  say(
    `${told.metric} on ${told.device} against accuracy on ${told.dataset}: ${told.whole ? `all ${many} members of` : `${many} members drawn from`} ` +
      `${told.space}, ${told.front.length} on the front. Both are predicted.`,
  );
  find("#front-body").hidden = false;
  drawFront();
  find("#neighbours").replaceChildren(...tableOf(take));
}

/** Draw what was found, in the colours of now. */
export function drawFront() {
  if (!told || find("#front").hidden || find("#front-body").hidden) return;
  const [ink, mine, pale, good] = ["ink", "a", "cloud", "good"].map(colour);
  const point = (p) => ({ x: p.cost, y: p.accuracy, text: p.architecture ?? p.arch, edit: p.edit });
  const shared = { pointHoverRadius: 6 };
  const datasets = [
    { ...shared, label: "this architecture", data: [point(told.architecture)], pointStyle: "rectRot", radius: 9, backgroundColor: mine, borderColor: ink },
    { ...shared, label: "neighbours by one edit", data: told.neighbours.map(point), pointStyle: "triangle", radius: 6, backgroundColor: good, borderColor: good },
    { ...shared, label: "front", data: told.front.map(point), showLine: true, stepped: "before", radius: 3, borderWidth: 1.5, backgroundColor: ink, borderColor: ink },
    { label: "members", data: told.cloud.map(([x, y]) => ({ x, y })), radius: 1.6, backgroundColor: pale, borderColor: pale, pointHitRadius: 0, hoverRadius: 1.6 },
  ];
  chart?.destroy();
  const canvas = find("#front canvas");
  canvas.setAttribute("aria-label", `Front of ${told.space} on ${told.device}`);
  chart = new Chart(canvas, {
    type: "scatter",
    data: { datasets },
    options: {
      maintainAspectRatio: false,
      scales: {
        x: { title: { display: true, text: `${told.metric} (${told.unit})` } },
        y: { title: { display: true, text: `accuracy on ${told.dataset} (%)` }, min: floorOf(told), ticks: { includeBounds: false } },
      },
      plugins: {
        legend: { position: "bottom", labels: { usePointStyle: true, boxHeight: 7 } },
        tooltip: { filter: (item) => item.datasetIndex < 3, callbacks: { label: toldPoint } },
      },
    },
  });
}

/** The least accuracy that is shown: members far below the front tell nothing of it. */
function floorOf({ cloud, front: best, architecture }) {
  const sorted = cloud.map(([, y]) => y).sort((one, other) => one - other);
  const low = sorted[Math.floor(sorted.length * 0.05)] ?? 0;
  return Math.floor(Math.min(low, architecture.accuracy, best.at(-1)?.accuracy ?? low)) - 1;
}

function toldPoint({ raw }) {
  const lines = [`${number(raw.x)} ${told.unit}, ${raw.y.toFixed(2)} %`];
  if (raw.edit) lines.push(raw.edit);
  return raw.text ? [...lines, ...(raw.text.match(/.{1,70}/g) ?? [])] : lines;
}

function tableOf(take) {
  const { architecture: own, unit } = told;
  if (!told.neighbours.length) {
    return [make("tbody", {}, make("tr", {}, make("td", {}, "No neighbour is better in anything.")))];
  }
  const head = make(
    "tr",
    {},
    make("th", {}, "Edit"),
    make("th", { class: "num" }, unit),
    make("th", { class: "num" }, "Change"),
    make("th", { class: "num" }, "Accuracy"),
    make("th", { class: "num" }, "Change"),
    make("th", {}, ""),
  );
  const signed = (value, digits, end) => `${value > 0 ? "+" : value < 0 ? "−" : "±"}${Math.abs(value).toFixed(digits)}${end}`;
  const rows = told.neighbours.map((n) =>
    make(
      "tr",
      {},
      make("td", {}, n.edit, n.better === "both" ? make("span", { class: "better" }, " better in both") : ""),
      make("td", { class: "num" }, number(n.cost)),
      make("td", { class: "num" }, signed((100 * (n.cost - own.cost)) / own.cost, 1, " %")),
      make("td", { class: "num" }, `${n.accuracy.toFixed(2)} %`),
      make("td", { class: "num" }, signed(n.accuracy - own.accuracy, 2, "")),
      make("td", {}, make("button", { type: "button", onclick: () => take(n.arch), "aria-label": `Take ${n.edit}` }, "Take")),
    ),
  );
  return [make("thead", {}, head), make("tbody", {}, ...rows)];
}
