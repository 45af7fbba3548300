// What must be known of the numbers that are shown: operators and values that no predictor has seen, and
// what is special about devices.
import { noteOf } from "./catalog.js";
import { find, make } from "./dom.js";

const PART = /\((\d+)% of the cost\)/;
const NAMED = 2;

/** Notes of predictions and of devices, each once, with the devices that it is of; then what is said of all. */
export function showKnown(rows, more = []) {
  const notes = new Map();
  for (const { device, cells } of rows) {
    const told = Object.values(cells).flatMap((cell) => cell?.note?.split("; ") ?? []);
    for (const text of [noteOf(device), ...told].filter(Boolean)) add(notes, text, device);
  }
  const sorted = [...notes].sort((one, other) => other[1].devices.size - one[1].devices.size);
  const items = sorted.map(([text, { devices, shares }]) => {
    const of = devices.size > NAMED ? `${devices.size} devices` : [...devices].join(", ");
    return make("li", {}, `${text}${rangeOf(shares)} `, make("span", { class: "quiet" }, `(${of})`));
  });
  items.push(...more.map((text) => make("li", {}, text)));
  const title = make("h3", {}, "What must be known of these numbers");
  find("#known").replaceChildren(...(items.length ? [title, make("ul", {}, ...items)] : []));
}

/** Notes that differ in the share of the cost alone are one. */
function add(notes, text, device) {
  const key = text.replace(PART, "").trim();
  const note = notes.get(key) ?? { devices: new Set(), shares: [] };
  note.devices.add(device);
  const found = PART.exec(text);
  if (found) note.shares.push(Number(found[1]));
  notes.set(key, note);
}

function rangeOf(shares) {
  if (!shares.length) return "";
  const [least, most] = [Math.min(...shares), Math.max(...shares)];
  return least === most ? `, ${most} % of the cost` : `, ${least} to ${most} % of the cost`;
}
