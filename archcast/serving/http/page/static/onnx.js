// An ONNX file without its weights, taken out before anything is sent: a protocol buffer is fields, each a
// number and a kind, that nest; weights are the fields of tensors that hold elements.

const KEPT = 4096; // bytes of the longest elements that are kept: shapes, axes and scales are shorter
const DEEPEST = 32;
const BYTES = 2;
const FIXED = { 1: 8, 5: 4 };
const ELEMENTS = new Set([4, 5, 6, 7, 9, 10, 11]);
const INSIDE = {
  model: { 7: "graph", 20: "training", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  function: { 7: "node", 11: "attribute" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
  training: {},
};
const LONGEST = 2 ** 31 - 2 ** 20;
const HEAD = 65_536;

/** The parts to send of a file that was chosen; of one that is no ONNX file its beginning, so that the service says what it is. */
export async function partsOf(file) {
  if (file.size > LONGEST) {
    throw new Error(`${file.name} is too large to be read in a browser: archcast predict ${file.name} reads it.`);
  }
  const data = new Uint8Array(await file.arrayBuffer());
  try {
    return withoutWeights(data);
  } catch {
    return [data.subarray(0, HEAD)];
  }
}

/** The model as parts, every tensor's elements left out that take more than `KEPT` bytes. */
export function withoutWeights(data) {
  const parts = [];
  copy(data, 0, data.length, "model", 0, parts);
  return parts;
}

/** Adds to `parts` what is kept of a message; returns how many bytes that is. */
function copy(data, start, end, message, depth, parts) {
  if (depth > DEEPEST) throw new Error("nested too deep");
  let kept = start;
  let at = start;
  let size = 0;
  const keep = (stop) => {
    if (stop > kept) parts.push(data.subarray(kept, stop));
    size += stop - kept;
  };
  while (end - start > KEPT && at < end) {
    const [key, after] = varint(data, at, end);
    const [field, kind] = [Math.floor(key / 8), key & 7];
    if (kind !== BYTES) {
      at = skipped(data, after, end, kind);
      continue;
    }
    const [length, content] = varint(data, after, end);
    const stop = content + length;
    if (stop > end) throw new Error("a field ends after what holds it");
    const inside = INSIDE[message][field];
    if (length > KEPT && (inside || (message === "tensor" && ELEMENTS.has(field)))) {
      keep(at);
      if (inside && inside !== "training") size += nested(data, key, content, stop, inside, depth, parts);
      kept = stop;
    }
    at = stop;
  }
  keep(end);
  return size;
}

function nested(data, key, start, end, message, depth, parts) {
  const head = parts.push(null) - 1;
  const size = copy(data, start, end, message, depth + 1, parts);
  parts[head] = Uint8Array.from([...encoded(key), ...encoded(size)]);
  return parts[head].length + size;
}

function varint(data, at, end) {
  let value = 0;
  for (let scale = 1; at < end && scale < 2 ** 63; scale *= 128) {
    const byte = data[at++];
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return [value, at];
  }
  throw new Error("a number has no end");
}

function skipped(data, at, end, kind) {
  if (kind === 0) return varint(data, at, end)[1];
  if (!FIXED[kind] || at + FIXED[kind] > end) throw new Error("a field of an unknown kind, or cut short");
  return at + FIXED[kind];
}

function encoded(value) {
  const out = [];
  for (; value >= 0x80; value = Math.floor(value / 128)) out.push((value % 128) | 0x80);
  return [...out, value];
}
