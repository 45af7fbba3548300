// Colours: as the system has them, or as chosen; charts take them from the style sheet.
import { find } from "./dom.js";

const KEPT = "archcast-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

export function setUpTheme(changed) {
  const select = find("#theme");
  const apply = () => {
    if (select.value) document.documentElement.dataset.theme = select.value;
    else delete document.documentElement.dataset.theme;
    changed();
  };
  select.value = localStorage.getItem(KEPT) ?? "";
  select.addEventListener("change", () => {
    localStorage.setItem(KEPT, select.value);
    apply();
  });
  dark.addEventListener("change", changed);
  apply();
}

/** A colour of the style sheet by its name. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const kindColours = () => colour("kinds").split(" ");

/** What all charts share. */
export function chartColours() {
  Chart.defaults.color = colour("quiet");
  Chart.defaults.borderColor = colour("line");
  Chart.defaults.font.family = "system-ui, sans-serif";
  Chart.defaults.animation = false;
}
