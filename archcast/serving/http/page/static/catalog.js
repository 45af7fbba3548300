// What can be asked: devices by metric and space, and which of them the words that were typed mean.

export const METRICS = ["latency", "energy", "throughput", "memory"];
export const UNITS = { latency: "ms", energy: "mJ", throughput: "1/s", memory: "MiB" };
export const HIGHER_IS_BETTER = new Set(["throughput"]);
const NETWORK = "network";
const KINDS = ["pixel", "galaxy", "iphone", "snapdragon", "raspberry", "jetson", "rtx", "cpu", "npu", "tpu", "fpga", "int8"];

let entries = [];
let texts = new Map();
let notes = new Map();

export function setDevices(listed) {
  entries = listed;
  texts = new Map(listed.map((e) => [e.device, textOf(e)]));
  notes = new Map(listed.map((e) => [e.device, e.device_note]));
}

const textOf = (e) => [e.device, e.hardware, e.runtime, e.precision, e.kind].join(" ").toLowerCase();
export const noteOf = (device) => notes.get(device) ?? "";

/** Whether a device has all words of one of the alternatives between commas. */
export function fits(device, typed) {
  const text = texts.get(device) ?? device.toLowerCase();
  const wanted = typed.toLowerCase().split(",").map((part) => part.split(/\s+/).filter(Boolean));
  const said = wanted.filter((words) => words.length);
  return !said.length || said.some((words) => words.every((word) => text.includes(word)));
}

/** Names of devices for a metric: a space's own, and those that know every network. */
export function devicesFor(space, metric) {
  const own = [], every = [];
  for (const e of entries) {
    if (e.metric !== metric) continue;
    if (e.space === space) own.push(e.device);
    else if (e.space === NETWORK) every.push(e.device);
  }
  const known = new Set(own);
  return { own: [...known], every: [...new Set(every)].filter((name) => !known.has(name)) };
}

/** Those that are shown of a subject for the words that were typed; without words a space's own alone. */
export function chosenFor(space, metric, typed) {
  const { own, every } = devicesFor(space, metric);
  const all = typed.trim() || !own.length ? [...own, ...every] : own;
  return all.filter((device) => fits(device, typed));
}

/** Kinds of devices that there are, to choose from. */
export const kinds = () => KINDS.filter((kind) => entries.some((e) => texts.get(e.device).includes(kind)));

/** How a device is called, and what else there is to say of it. */
export function labelOf(row) {
  const parts = [
    row.runtime,
    row.threads ? `${row.threads} ${row.threads === 1 ? "thread" : "threads"}` : "",
    row.precision && row.precision !== "fp32" ? row.precision : "",
    row.batch > 1 ? `batch ${row.batch}` : "",
  ];
  const how = parts.filter(Boolean).join(", ");
  return { name: row.hardware || row.device, how: how ? `${row.device}, ${how}` : row.device };
}
