// What the service is asked, with its token where it wants one.
import { find } from "./dom.js";

const KEPT = "archcast-token";
const COVERAGE = 0.9;
const TOGETHER = 96;
const FEW = 6;

/** What went wrong, in a sentence for people; `status` is 0 where nobody answered. */
export class ServiceError extends Error {
  constructor(sentence, status, told = {}) {
    super(sentence);
    this.status = status;
    this.told = told;
  }
}

let asking = null;

/** Ask for the token; all who wait for it wait together. */
function askForToken(wrong) {
  asking ??= new Promise((resolve) => {
    const dialog = find("#token");
    const input = find("input", dialog);
    input.value = "";
    input.setCustomValidity("");
    find("h2", dialog).textContent = wrong ? "That was not the token" : "This service wants its token";
    dialog.addEventListener(
      "close",
      () => {
        sessionStorage.setItem(KEPT, input.value.trim());
        asking = null;
        resolve();
      },
      { once: true },
    );
    dialog.showModal();
  });
  return asking;
}

async function answered(path, options) {
  const token = sessionStorage.getItem(KEPT);
  const headers = { ...options.headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The service does not answer. Is archcast serve still running?", 0);
  }
  if (answer.status === 401) {
    await askForToken(Boolean(token));
    return answered(path, options);
  }
  const told = await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw new ServiceError(told.error ?? `The service answered with status ${answer.status}.`, answer.status, told);
}

const post = (path, body) =>
  answered(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });

export const devices = () => answered("/devices", {});
export const spaces = () => answered("/spaces", {});
export const front = (asked) => post("/front", asked);

/** Costs of an architecture on devices, some at a time; `arrived` is told each part. */
export async function costsOfArchitecture(asked, names, arrived) {
  for (let start = 0; start < Math.max(names.length, 1); start += TOGETHER) {
    const part = names.slice(start, start + TOGETHER);
    const device = part.length ? { device: part } : {};
    if (!arrived(await post("/overview", { ...asked, ...device, coverage: COVERAGE }))) return;
  }
}

/** What was measured of an architecture on devices, some at a time; `arrived` is told each part. */
export async function measuredOf(asked, names, arrived) {
  for (let start = 0; start < names.length; start += FEW) {
    const device = names.slice(start, start + FEW);
    if (!arrived(await post("/measured", { ...asked, device }))) return;
  }
}

/** Costs of a file on every device; those that cannot answer for it say why. */
export const costsOfFile = (file, metric) => askFile(file, { metric, coverage: COVERAGE, device: ["*"] });

/** The file is sent where the service does not know it by its key. */
async function askFile(file, fields) {
  if (file.key) {
    try {
      return await post("/predict", { network: file.key, ...fields });
    } catch (error) {
      if (error.status !== 404 || error.told.kind !== "network") throw error;
    }
  }
  return sendFile(file, fields);
}

function sendFile(file, fields) {
  const form = new FormData();
  form.append("file", new Blob(file.parts), "model.onnx");
  const shapes = Object.entries(file.shapes);
  for (const [name, value] of [...Object.entries(fields), ...shapes]) {
    for (const item of Array.isArray(value) ? value : [value]) form.append(name, item);
  }
  return answered("/predict", { method: "POST", body: form });
}

/** Where the cost of a subject goes on one device. */
export async function breakdown(subject, metric, device) {
  if (!subject.file) return post("/breakdown", { ...subject.asked, metric, device });
  const told = await askFile(subject.file, { metric, device: [device], explain: true });
  return { ...told.explained[0], is_cost: true };
}
