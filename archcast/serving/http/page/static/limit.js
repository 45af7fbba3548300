// The line of the limit over the bars: dragged by pointer, moved by keys.
import { make, number } from "./dom.js";

const STEP = 0.01;
const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };

/** A line on a plot; `scale` gives the axis of the values, `moved` is told each new limit. */
export function limitLine(plot, scale, moved) {
  const line = make("div", { class: "slider", role: "slider", tabindex: 0, "aria-label": "Limit", hidden: true });
  plot.append(line);
  let limit = null;
  const set = (value) => {
    const { min, max } = scale();
    moved(Number(Math.min(Math.max(value, min || max / 1000), max).toPrecision(4)));
  };
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
    line.focus();
  });
  line.addEventListener("pointermove", (event) => {
    if (line.hasPointerCapture(event.pointerId)) {
      set(scale().getValueForPixel(event.clientX - plot.getBoundingClientRect().left));
    }
  });
  line.addEventListener("keydown", (event) => {
    const steps = STEPS[event.key];
    if (!steps) return;
    event.preventDefault();
    const axis = scale();
    const at = axis.getPixelForValue(limit) + steps * STEP * (axis.right - axis.left);
    set(axis.getValueForPixel(Math.min(Math.max(at, axis.left), axis.right)));
  });
  return {
    place(value, atLeast, unit) {
      limit = value;
      line.hidden = value == null;
      if (value == null) return;
      const { min, max } = scale();
      line.style.left = `${scale().getPixelForValue(value)}px`;
      line.setAttribute("aria-valuemin", min);
      line.setAttribute("aria-valuemax", max);
      line.setAttribute("aria-valuenow", value);
      line.setAttribute("aria-valuetext", `${atLeast ? "at least" : "at most"} ${number(value)} ${unit}`);
    },
  };
}
