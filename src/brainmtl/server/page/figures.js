// What a run measured, as tables: a confusion matrix whose cells are buttons, and metrics by class.
import { make, nameOf } from "./answer.js";
import { CLASSES } from "./slices.js";

/** @param counts of `confusion`. @param pressed `(label, predicted)`. @param isPressed the same, whether it is chosen. */
export function matrix(title, counts, pressed, isPressed) {
  const cells = (label, row) => counts[row].map((count, column) => {
    const predicted = CLASSES[column];
    const all = counts[row].reduce((sum, one) => sum + one, 0);
    const button = make("button", {
      type: "button", text: count, class: row === column ? "right" : "wrong",
      "aria-pressed": String(isPressed(label, predicted)),
      "aria-label": `${count} slices: truly ${nameOf(label)}, called ${nameOf(predicted)}`,
    });
    button.disabled = !count;
    button.style.setProperty("--share", all ? count / all : 0);
    button.addEventListener("click", () => pressed(label, predicted));
    return make("td", {}, button);
  });
  const head = make("tr", {}, make("th", { text: "truly ↓ called →" }),
    ...CLASSES.map((name) => make("th", { scope: "col", text: short(name) })));
  const body = CLASSES.map((label, row) => make("tr", {}, make("th", { scope: "row", text: short(label) }), ...cells(label, row)));
  return make("table", { class: "matrix" }, make("caption", { text: title }), make("thead", {}, head), make("tbody", {}, ...body));
}

const COLUMNS = [
  ["Dice", "segmentation", "dice"],
  ["HD95, px", "segmentation", "hd95_px"],
  ["False masks", "segmentation", "false_mask_rate"],
  ["Class right", "classification", "accuracy"],
  ["Missed", "classification", "miss_rate"],
];

/** All slices, and each class, with intervals. @param metrics of `metrics.json`. */
export function byClass(title, metrics) {
  const rows = [["All", metrics], ...Object.entries(metrics.strata?.class ?? {}).map(([name, part]) => [nameOf(name), part])];
  const shown = COLUMNS.filter(([, section, name]) => rows.some(([, part]) => part[section]?.[name]?.value != null));
  const body = rows.map(([name, part]) => make("tr", {}, make("th", { scope: "row", text: name }),
    ...shown.map(([, section, metric]) => numberCell(part[section]?.[metric]))));
  const head = make("tr", {}, make("th", { scope: "col", text: "Class" }), ...shown.map(([name]) => make("th", { scope: "col", text: name })));
  const table = make("table", { class: "numbers" }, make("caption", { text: title }), make("thead", {}, head), make("tbody", {}, ...body));
  return make("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": title }, table);
}

/** A number with its interval below it. */
export function numberCell(metric) {
  if (metric?.value == null) return make("td", { class: "number quiet", text: "–" });
  const cell = make("td", { class: "number", text: rounded(metric.value) });
  if (metric.n != null) cell.title = `${metric.n} slices`;
  if (metric.low != null && metric.high != null) {
    cell.append(make("small", { class: "quiet", text: `${rounded(metric.low)} – ${rounded(metric.high)}` }));
  }
  return cell;
}

export const rounded = (value) => (Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3));
const short = (label) => ({ pituitary: "Pituitary", no_tumor: "None" })[label] ?? nameOf(label);
