// What tables and the store have of the very architectures that are shown, to stand beside what is predicted.
import { measuredOf } from "./api.js";
import { devicesFor } from "./catalog.js";
import { make, number } from "./dom.js";

export const DIAMOND = "◇";
const ACCURACY = "accuracy";
const MEASURED = "measurements";
let failure = "";

/** Look up values of architectures on devices; `arrived` says after each part whether to go on. */
export async function lookUp(subjects, metric, devices, arrived) {
  failure = "";
  try {
    for (const subject of subjects.filter((s) => !s.file && s.space)) {
      await lookUpCosts(subject, metric, devices, arrived);
      await lookUpAccuracy(subject);
    }
  } catch (error) {
    failure = error.message;
  }
  arrived();
}

async function lookUpCosts(subject, metric, devices, arrived) {
  const known = subject.known(metric);
  const own = new Set(devicesFor(subject.space, metric).own);
  const mark = (device) => `${metric} ${device}`;
  const names = devices.filter((d) => own.has(d) && known.get(d)?.value != null && !subject.lookedUp.has(mark(d)));
  const left = new Set(names.map(mark));
  left.forEach((one) => subject.lookedUp.add(one));
  const asking = measuredOf({ ...subject.asked, metric }, names, (told) => {
    told.absent.forEach((table) => subject.absent.add(table));
    for (const { device, ...found } of told.answers) {
      left.delete(mark(device));
      if (found.measured != null) known.set(device, { ...known.get(device), found });
    }
    return arrived();
  });
  // What was not answered, as it failed or was no longer wanted, may be asked again.
  await asking.finally(() => left.forEach((one) => subject.lookedUp.delete(one)));
}

async function lookUpAccuracy(subject) {
  if (subject.lookedUp.has(ACCURACY)) return;
  subject.lookedUp.add(ACCURACY);
  const { dataset, ...asked } = subject.asked;
  await measuredOf({ ...asked, metric: ACCURACY }, subject.accuracy.map((a) => a.dataset), (told) => {
    for (const { device, ...found } of told.answers) {
      if (found.measured != null) subject.accuracy.find((a) => a.dataset === device).found = found;
    }
    return true;
  });
}

/** The values of a row, as text; what was estimated or summed is not called measured. */
export function foundOf({ about, cells }, slots) {
  const found = slots.map((slot) => cells[slot]?.found);
  const known = found.filter(Boolean);
  if (!known.length) return "";
  const values = found.map((one) => (one ? number(one.measured) : "–")).join(" | ");
  const sources = [...new Set(known.map((one) => one.source))].join(", ");
  const title = known.map((one) => [`${one.source} has ${number(one.measured)}`, one.about].filter(Boolean).join(": ")).join("; ");
  return make("small", { class: "found", title }, `${DIAMOND} ${values} ${about.basis === MEASURED ? "measured," : "in table"} ${sources}`);
}

/** What is said of all values that were found, and where more would be. */
export function toldOfFound(rows, subjects) {
  if (failure) return [`Tables were not looked into: ${failure}`];
  const found = rows.filter((row) => Object.values(row.cells).some((cell) => cell?.found)).length;
  const absent = [...new Set(subjects.flatMap((subject) => [...subject.absent]))];
  return [
    ...(found ? [`${DIAMOND} is what a table has of this very architecture (${found} ${found === 1 ? "device" : "devices"} so far)`] : []),
    ...(absent.length ? [`Tables with more of it that the service does not have: ${absent.join(", ")}`] : []),
  ];
}
