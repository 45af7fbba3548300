// What is shown, as a link keeps it: architectures, words, metric, limit. Files stay on the machine.

const EMPTY = { a: "", b: "", dataset: "", metric: "latency", filter: "", limit: null, device: "", log: false };

export const view = { ...EMPTY };

/** Take up what a link says. */
export function readLink(hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  Object.assign(view, EMPTY);
  for (const name of ["a", "b", "dataset", "metric", "filter", "device"]) if (said.get(name)) view[name] = said.get(name);
  const limit = Number(said.get("limit"));
  view.limit = said.get("limit") && Number.isFinite(limit) && limit > 0 ? limit : null;
  view.log = said.get("log") === "1";
}

/** Write what is shown into the address, and give it. */
export function writeLink() {
  const said = new URLSearchParams();
  for (const name of ["a", "b", "dataset", "filter", "device"]) if (view[name]) said.set(name, view[name]);
  if (view.metric !== EMPTY.metric) said.set("metric", view.metric);
  if (view.limit != null) said.set("limit", String(view.limit));
  if (view.log) said.set("log", "1");
  const hash = said.toString();
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname);
  return location.href;
}
