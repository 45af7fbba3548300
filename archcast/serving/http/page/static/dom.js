// Small helpers for elements and numbers.

export const find = (selector, within = document) => within.querySelector(selector);

/** An element with attributes and children; text is never read as HTML. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const name in attributes) {
    const value = attributes[name];
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  for (const child of children) {
    if (child != null && child !== "") made.append(child);
  }
  return made;
}

const rounded = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const compact = new Intl.NumberFormat("en", { maximumSignificantDigits: 3, notation: "compact" });

export const number = (value) => (value == null ? "none" : rounded.format(value));
export const count = (value) => compact.format(value);
export const share = (value) => `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
export const inShort = (text) => (text.length > 44 ? `${text.slice(0, 40)} …` : text);
export const mebibytes = (bytes) => `${rounded.format(bytes / 2 ** 20)} MiB`;

/** Calls with less than `ms` between them become one. */
export function settled(call, ms) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), ms);
  };
}

/** At most one call a frame. */
export function eachFrame(call) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      call();
    });
  };
}

/** Offer content under a name, as a download. */
export function download(name, blob) {
  const address = URL.createObjectURL(blob);
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
