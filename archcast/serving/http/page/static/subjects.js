// The one or two networks that are looked at: a file, or an architecture.
import * as api from "./api.js";
import { count, find, make, mebibytes, number, share } from "./dom.js";
import { partsOf } from "./onnx.js";

const SHAPE = /^[^=\s]+=\d+(x\d+)*$/;

/** A network with what is known of it so far: `rows` by metric and device. */
export class Subject {
  constructor(slot, { text = "", file = null, dataset = "" }) {
    this.slot = slot;
    this.file = file;
    this.text = text;
    this.name = file ? file.name : text;
    this.space = file ? "network" : "";
    this.dataset = dataset;
    this.network = null;
    this.accuracy = [];
    this.rows = new Map();
    this.lookedUp = new Set();
    this.absent = new Set();
  }

  /** What requests say of an architecture. */
  get asked() {
    const written = this.text.trim();
    const architecture = /^[[{]/.test(written) ? (parsed(written) ?? written) : written;
    return {
      architecture,
      ...(this.space ? { space: this.space } : {}),
      ...(this.dataset ? { dataset: this.dataset } : {}),
    };
  }

  /** Costs by device of a metric, as far as they were asked for. */
  known(metric) {
    if (!this.rows.has(metric)) this.rows.set(metric, new Map());
    return this.rows.get(metric);
  }

  /** Ask for what is not known yet of some devices; `arrived` says whether to go on. */
  async ask(metric, devices, arrived) {
    const known = this.known(metric);
    const take = (told) => {
      this.network = told.network ?? this.network;
      for (const answer of told.answers) known.set(answer.device, answer);
      return arrived();
    };
    if (this.file) {
      if (known.size) return;
      const told = await api.costsOfFile(this.file, metric);
      this.file.key = told.network.key;
      take(told);
      return;
    }
    const missing = devices.filter((device) => !known.has(device));
    if (!missing.length && this.space) return;
    await api.costsOfArchitecture({ ...this.asked, metric }, missing, (told) => {
      Object.assign(this, { space: told.space, name: told.architecture, accuracy: told.accuracy });
      return take(told);
    });
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A file that was chosen, its weights left out. */
export async function readFile(file, shapesText) {
  return { name: file.name, parts: await partsOf(file), shapes: shapesOf(shapesText) };
}

/** Words such as `batch=1 tokens=384 image=1x3x224x224`, as the fields of a form. */
export function shapesOf(text) {
  const shapes = { bind: [], input: [] };
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    if (!SHAPE.test(word)) throw new Error(`Shapes must be written as tokens=384 or image=1x3x224x224, got ${word}`);
    const [name, value] = word.split("=");
    if (name === "batch") shapes.batch = value;
    else shapes[value.includes("x") ? "input" : "bind"].push(word);
  }
  return shapes;
}

/** Ends of an accuracy's interval, and what a table has of it. */
const toldOf = ({ lower, upper, found }) =>
  [lower == null ? "" : `${number(lower)} – ${number(upper)}`, found ? `measured ${number(found.measured)}` : ""].filter(Boolean).join("; ");

/** Counts, accuracy, and what was not understood of a subject. */
export function summaryOf(subject) {
  const { network } = subject;
  const tiles = make("dl", { class: "tiles" });
  const tile = (name, value, more = "") => tiles.append(make("div", {}, make("dt", {}, name), make("dd", {}, value, more ? make("small", {}, more) : "")));
  for (const a of subject.accuracy) tile(`accuracy, ${a.dataset}`, `${number(a.value)} %`, toldOf(a));
  if (network) {
    tile("multiply-adds", count(network.macs));
    tile("parameters", count(network.params), mebibytes(network.weight_bytes));
    tile("activations, peak", mebibytes(network.peak_bytes), "counted, not measured");
    tile("nodes", count(network.nodes));
  }
  const kind = subject.file ? "file" : subject.space;
  const unknown = Object.entries(network?.unknown ?? {});
  const warning = unknown.length
    ? make("p", { class: "warn" }, "Not understood, counted as data moved: ", unknown.map(([op, part]) => `${op} (${share(part)} of all bytes)`).join(", "))
    : "";
  const name = subject.file ? ` ${subject.name}` : "";
  return [make("p", { class: "name" }, make("strong", {}, kind), name), tiles, warning];
}

/** Fill the second form like the first, and let each take drops, files, text and examples. */
export function setUpForms(spaces, { chosen, closed }) {
  const first = find('[data-slot="a"]'), second = find('[data-slot="b"]');
  if (!second.children.length) fillSecond(first, second, closed);
  for (const form of [first, second]) setUpForm(form, spaces, chosen);
}

function fillSecond(first, second, closed) {
  second.append(...[...first.children].map((child) => child.cloneNode(true)));
  find(".mark", second).className = "mark b";
  find(".letter", second).textContent = "B";
  second.append(make("button", { type: "button", class: "close", onclick: closed }, "Remove"));
}

function setUpForm(form, spaces, chosen) {
  const [text, select] = [find("textarea", form), find(".example", form)];
  for (const { space, examples } of spaces) {
    const group = make("optgroup", { label: space });
    examples.forEach((example, i) => group.append(make("option", { value: example }, `${space} ${i + 1}`)));
    select.append(group);
  }
  const { slot } = form.dataset;
  const file = (given) => given && chosen(slot, { file: given });
  select.addEventListener("change", () => {
    if (!select.value) return;
    text.value = select.value;
    chosen(slot, { text: text.value });
    select.value = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (text.value.trim()) chosen(slot, { text: text.value });
    else chosen(slot, {});
  });
  find("[type=file]", form).addEventListener("change", (event) => {
    file(event.target.files[0]);
    event.target.value = "";
  });
  const drop = find(".drop", form);
  drop.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const [one, other] = event.dataTransfer.files;
    file(one);
    if (other && slot === "a") chosen("b", { file: other });
  });
}
