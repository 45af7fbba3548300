// The page: what was chosen leads to what is asked, and what arrives to what is shown.
import * as api from "./api.js";
import { Bars } from "./bars.js";
import * as catalog from "./catalog.js";
import { find, inShort, make, settled } from "./dom.js";
import { copied, copy, linesOf, saveCsv, savePng } from "./export.js";
import { drawFront, showFront } from "./front.js";
import { lookUp, toldOfFound } from "./measured.js";
import { showKnown } from "./notes.js";
import { Subject, readFile, setUpForms, summaryOf } from "./subjects.js";
import { chartColours, setUpTheme } from "./theme.js";
import { readLink, view, writeLink } from "./view.js";
import { showWhere } from "./where.js";

const subjects = { a: null, b: null };
const files = { a: null, b: null };
const bars = new Bars(find("#bars"), { picked: pick, limited: (limit) => setLimit(limit) });
let round = 0;
let spaces = [];

const present = () => Object.values(subjects).filter(Boolean);
const formOf = (slot) => find(`[data-slot="${slot}"]`);

/** Say what went wrong with a slot; without a sentence nothing did. */
function wrong(slot, sentence = "") {
  const box = find(".wrong", formOf(slot));
  box.hidden = !sentence;
  box.textContent = sentence;
}

/** Say what went wrong with the page as a whole, with a way to try again. */
function alarm(sentence, again) {
  const box = find("#alert");
  box.hidden = !sentence;
  box.replaceChildren(sentence, again ? make("button", { type: "button", onclick: again }, "Try again") : "");
}

/** Take what was chosen for a slot: a file, or an architecture's text; nothing where neither was. */
async function choose(slot, { file, text }) {
  const form = formOf(slot);
  wrong(slot);
  const shapes = find(".shapes", form);
  try {
    if (file) {
      if (file !== files[slot]) find("input", shapes).value = "";
      shapes.hidden = false;
      find("textarea", form).value = "";
      files[slot] = file;
      subjects[slot] = new Subject(slot, { file: await readFile(file, find("input", shapes).value) });
    } else if (text) {
      shapes.hidden = true;
      files[slot] = null;
      find("textarea", form).value = text;
      subjects[slot] = new Subject(slot, { text, dataset: view.dataset });
    } else if (files[slot]) {
      return await choose(slot, { file: files[slot] });
    } else {
      return wrong(slot, "Drop a file, paste an architecture, or choose an example.");
    }
  } catch (error) {
    return wrong(slot, error.message);
  }
  formOf(slot).hidden = false;
  find("#compare").hidden = !formOf("b").hidden;
  view[slot] = text ?? "";
  return refresh();
}

/** Ask for all that the view needs and show it, as it arrives. */
async function refresh() {
  const own = ++round;
  writeLink();
  for (const subject of present()) {
    const told = find(".told", formOf(subject.slot));
    if (!subject.network) told.replaceChildren(make("p", { class: "busy" }, "Predicting …"));
  }
  for (const subject of present()) {
    try {
      await subject.ask(view.metric, devicesOf(subject), () => own === round && show() === undefined);
      if (own === round && !subject.file) await askRest(subject, own);
      alarm("");
    } catch (error) {
      if (own !== round) return;
      failed(subject, error);
    }
    if (own !== round) return;
    show();
  }
  if (own === round && find("#alert").hidden) {
    showDetails();
    await showFound(bars.inSight());
  }
}

/** Show what tables have of the architectures on devices, as it arrives. */
async function showFound(devices) {
  const own = round;
  await lookUp(present(), view.metric, devices, () => {
    if (own === round) renew();
    return own === round;
  });
}

/** Show what is known of the same rows now. */
function renew() {
  bars.renew(rowsOf());
  showKnown(bars.shown.rows, toldOfFound(bars.shown.rows, present()));
  for (const subject of present()) find(".told", formOf(subject.slot)).replaceChildren(...summaryOf(subject));
}

/** Devices of every network beside the space's own, once the space is known. */
async function askRest(subject, own) {
  const known = subject.known(view.metric);
  const missing = devicesOf(subject).filter((device) => !known.has(device));
  if (missing.length) await subject.ask(view.metric, missing, () => own === round && show() === undefined);
}

function failed(subject, error) {
  find(".told", formOf(subject.slot)).replaceChildren(...(subject.network ? summaryOf(subject) : []));
  if (error.status === 0) return alarm(error.message, refresh);
  if (error.told?.kind?.startsWith("metric for")) return show();
  wrong(subject.slot, error.message ?? String(error));
  if (!subject.network) {
    subjects[subject.slot] = null;
    view[subject.slot] = "";
    writeLink();
  }
  return show();
}

const devicesOf = (subject) => (subject.space ? catalog.chosenFor(subject.space, view.metric, view.filter) : []);

/** The rows to show: devices that are meant, with what each subject costs there, sorted by value. */
function rowsOf() {
  const higher = catalog.HIGHER_IS_BETTER.has(view.metric);
  const names = new Set(present().flatMap(devicesOf));
  const rows = [];
  for (const device of names) {
    const cells = Object.fromEntries(present().map((s) => [s.slot, s.known(view.metric).get(device)]));
    const about = cells.a ?? cells.b;
    if (about) rows.push({ device, about, cells, breaks: false });
  }
  const key = (row) => row.cells.a?.value ?? row.cells.b?.value ?? (higher ? -Infinity : Infinity);
  rows.sort((one, other) => (higher ? key(other) - key(one) : key(one) - key(other)));
  const broken = breaksOf(rows);
  rows.forEach((row, i) => (row.breaks = broken[i]));
  return rows;
}

/** Whether each row breaks the limit with every subject that it has a value of. */
function breaksOf(rows) {
  const atLeast = catalog.HIGHER_IS_BETTER.has(view.metric);
  const keeps = (value) => value != null && (atLeast ? value >= view.limit : value <= view.limit);
  return rows.map((row) => view.limit != null && !Object.values(row.cells).some((cell) => keeps(cell?.value)));
}

function show() {
  const some = present();
  find("#hello").hidden = some.length > 0;
  for (const section of ["#costs", "#same"]) find(section).hidden = !some.length;
  if (!some.length) for (const section of ["#where", "#front"]) find(section).hidden = true;
  for (const subject of some) {
    if (subject.network || subject.accuracy.length) find(".told", formOf(subject.slot)).replaceChildren(...summaryOf(subject));
    showDatasets(subject);
  }
  if (!some.length) return;
  const rows = rowsOf();
  const device = rows.some((row) => row.device === view.device) ? view.device : (rows[0]?.device ?? "");
  bars.show({
    rows,
    slots: some.map((s) => s.slot),
    unit: catalog.UNITS[view.metric],
    limit: view.limit,
    log: view.log,
    atLeast: catalog.HIGHER_IS_BETTER.has(view.metric),
    device,
  });
  showMetrics();
  showCount();
  showKnown(rows, toldOfFound(rows, some));
  showLines(rows);
}

function showCount() {
  const { rows } = bars.shown;
  const [unit, higher] = [catalog.UNITS[view.metric], catalog.HIGHER_IS_BETTER.has(view.metric)];
  find("#unit").textContent = unit;
  find("#limit-word").textContent = higher ? "At least" : "At most";
  if (document.activeElement !== find("#limit")) find("#limit").value = view.limit ?? "";
  const total = `${rows.length} ${rows.length === 1 ? "device" : "devices"}`;
  if (view.limit == null) {
    find("#count").textContent = `${total}, ${higher ? "most" : "least"} first. Type a limit, or press L, to see who keeps it.`;
    return;
  }
  const told = present().map((subject) => {
    const cells = rows.map((row) => row.cells[subject.slot]).filter((cell) => cell?.value != null);
    const keep = cells.filter((c) => (higher ? c.value >= view.limit : c.value <= view.limit));
    const sure = keep.filter((c) => c.lower != null && (higher ? c.lower >= view.limit : c.upper <= view.limit));
    return `${present().length > 1 ? `${subject.slot.toUpperCase()}: ` : ""}${keep.length} of ${cells.length} devices keep it, ${sure.length} of them with their whole interval`;
  });
  find("#count").textContent = `Limit ${view.limit} ${unit}. ${told.join("; ")}.`;
}

function showLines(rows) {
  const boxes = present().flatMap((subject) => {
    const devices = rows.filter((row) => row.cells[subject.slot]?.value != null).map((row) => row.device);
    if (!devices.length) return [];
    const { command, python } = linesOf(subject, view.metric, devices);
    const title = present().length > 1 ? [make("h3", {}, make("span", { class: `mark ${subject.slot}` }), ` ${inShort(subject.name)}`)] : [];
    return [...title, copied("Command", command), copied("Python", python)];
  });
  find("#lines").replaceChildren(...boxes);
}

function showMetrics() {
  const box = find("#metrics");
  box.replaceChildren(
    ...catalog.METRICS.map((metric) => {
      const there = present().some((s) => s.space && catalog.chosenFor(s.space, metric, "").length);
      const input = make("input", {
        type: "radio",
        name: "metric",
        value: metric,
        checked: metric === view.metric,
        disabled: !there,
        onchange: () => {
          Object.assign(view, { metric, limit: null });
          refresh().then(() => find(`#metrics [value="${metric}"]`).focus());
        },
      });
      return make("label", there ? {} : { title: `No device here answers ${metric} of this.` }, input, metric);
    }),
  );
}

/** Data sets of an architecture's space, where there are several. */
function showDatasets(subject) {
  const label = find(".dataset", formOf(subject.slot));
  const known = spaces.find((s) => s.space === subject.space)?.datasets ?? [];
  label.hidden = known.length < 2;
  const select = find("select", label);
  select.replaceChildren(...known.map((name) => make("option", { value: name }, name)));
  select.value = subject.dataset || known[0] || "";
  select.onchange = () => {
    view.dataset = select.value === known[0] ? "" : select.value;
    choose(subject.slot, { text: subject.text });
  };
}

function pick(device) {
  view.device = device;
  writeLink();
  bars.choose(device);
  showDetails();
}

/** Where the cost goes on the chosen device, and the front of the first architecture there. */
function showDetails() {
  const { device } = bars.shown;
  const some = present().filter((s) => s.known(view.metric).get(device)?.value != null);
  if (!some.length) {
    find("#where").hidden = find("#front").hidden = true;
    return;
  }
  showWhere(some, view.metric, device);
  const subject = some.find((s) => !s.file);
  const slow = subject && !catalog.devicesFor(subject.space, view.metric).own.includes(device);
  showFront(subject, view.metric, device, { slow, take: (text) => choose(subject.slot, { text }) });
}

function setLimit(limit) {
  view.limit = limit;
  bars.limit(limit, breaksOf(bars.shown.rows));
  showCount();
  saved();
}

/** Examples to begin with, and how much can be asked. */
function setUpHello(listed) {
  const named = new Set(listed.map((e) => e.device)).size;
  find("#hello-told").append(` ${named} devices and data sets answer here.`);
  const tries = spaces.filter((s) => s.accuracy.length).slice(0, 4);
  find("#tries").replaceChildren(
    "Try ",
    ...tries.map((s) => make("button", { type: "button", onclick: () => choose("a", { text: s.examples[0] }) }, s.space)),
  );
}

const saved = settled(writeLink, 150);

function setUpTools() {
  const filter = find("#filter");
  const filtered = settled(refresh, 180);
  filter.addEventListener("input", () => {
    view.filter = filter.value;
    pressed();
    filtered();
  });
  const chips = catalog.kinds().map((kind) =>
    make("button", { type: "button", onclick: () => {
      filter.value = view.filter = view.filter.trim() === kind ? "" : kind;
      pressed();
      refresh();
    } }, kind),
  );
  const pressed = () => chips.forEach((chip) => chip.setAttribute("aria-pressed", chip.textContent === view.filter.trim()));
  find("#chips").replaceChildren(...chips);
  filter.value = view.filter;
  pressed();
  find("#limit").addEventListener("input", (event) => {
    const value = Number(event.target.value);
    setLimit(event.target.value && value > 0 ? value : null);
  });
  find("#log").checked = view.log;
  find("#log").addEventListener("change", (event) => {
    view.log = event.target.checked;
    writeLink();
    show();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "l" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, textarea, select, dialog *") || !bars.shown.rows.length) return;
    const middle = bars.shown.rows[Math.floor(bars.shown.rows.length / 2)];
    const value = middle.cells.a?.value ?? middle.cells.b?.value;
    if (view.limit == null && value) setLimit(Number(value.toPrecision(3)));
    find(".slider")?.focus();
  });
}

function setUpExports() {
  const done = (text) => {
    find("#done").textContent = text;
    setTimeout(() => (find("#done").textContent = ""), 4000);
  };
  find("#csv").onclick = async () => {
    await showFound(bars.shown.rows.map((row) => row.device));
    saveCsv(bars.shown, present(), view.metric);
    done("CSV saved.");
  };
  find("#png").onclick = async () => {
    const held = await savePng(bars.shown, present(), view.metric);
    done(held < bars.shown.rows.length ? `PNG of the first ${held} rows saved.` : "PNG saved.");
  };
  find("#link").onclick = async (event) => {
    const files = present().filter((s) => s.file);
    await copy(writeLink(), event.target);
    if (files.length) done("Files stay on this machine: the link holds all but them.");
  };
  find("#compare").onclick = () => {
    formOf("b").hidden = false;
    find("#compare").hidden = true;
    find("textarea", formOf("b")).focus();
  };
}

function closeSecond() {
  subjects.b = files.b = null;
  view.b = "";
  formOf("b").hidden = true;
  find("#compare").hidden = false;
  find(".told", formOf("b")).replaceChildren();
  wrong("b");
  refresh();
}

async function begin() {
  try {
    const [listed, found] = await Promise.all([api.devices(), api.spaces()]);
    catalog.setDevices(listed);
    spaces = found;
    setUpHello(listed);
  } catch (error) {
    return alarm(error.message, () => location.reload());
  }
  setUpForms(spaces, { chosen: choose, closed: closeSecond });
  setUpTools();
  setUpExports();
  document.body.dataset.ready = "true";
  for (const slot of ["a", "b"]) if (view[slot]) await choose(slot, { text: view[slot] });
  return undefined;
}

find("#bars").addEventListener("scroll", settled(() => showFound(bars.inSight()), 250), { passive: true });
addEventListener("hashchange", () => location.reload());
readLink(location.hash);
setUpTheme(() => {
  chartColours();
  bars.redraw();
  drawFront();
  if (present().length && document.body.dataset.ready) showDetails();
});
begin();
