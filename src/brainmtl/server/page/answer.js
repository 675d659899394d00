// What the model says of a slice, in words and bars.
const NAMES = { glioma: "Glioma", meningioma: "Meningioma", pituitary: "Pituitary tumour", no_tumor: "No tumour" };

export const nameOf = (label) => NAMES[label] ?? label;

export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The answer, or, as plainly, that there is none. */
export function verdict(row) {
  if (row.status === "error") return said("error", "Not read", row.reason);
  if (row.status === "abstained") return said("abstained", "No answer: the model abstains", row.reason);
  if (!row.class) return said("ok", row.mask_area_px ? "Tumour outlined" : "Nothing outlined", "This model names no class.");
  const sure = row.probabilities?.[row.class];
  return said("ok", nameOf(row.class), sure === undefined ? null : `probability ${percent(sure)}`);
}

function said(status, title, detail) {
  return make("div", { class: `verdict ${status}` }, make("h2", { text: title }), make("p", { text: detail ?? "" }));
}

/** What a reader should know of a row: its warnings, and where class and mask contradict each other. */
export function cautions(row) {
  const [healthy, marked] = [row.class === "no_tumor", row.mask_area_px > 0];
  const torn = row.class && row.mask_area_px !== null && healthy === marked;
  const said = healthy ? "The class says no tumour, yet the mask marks one." : "The class says tumour, yet the mask marks none.";
  return [...(torn ? [said] : []), ...row.warnings];
}

export function chances(row) {
  if (row.status === "error") return "";
  if (!row.probabilities) return make("p", { class: "quiet", text: "No class probabilities." });
  const inSet = (label) => row.class_set?.includes(label);
  const lines = Object.entries(row.probabilities).map(([label, chance]) => {
    const bar = make("span", { class: "bar" });
    bar.style.setProperty("--share", chance);
    return make("tr", { class: inSet(label) ? "in-set" : null },
      make("th", { scope: "row", text: nameOf(label) }),
      make("td", {}, bar),
      make("td", { class: "number", text: percent(chance) }),
      make("td", { class: "mark", text: inSet(label) ? "in set" : "" }));
  });
  const caption = row.class_set
    ? `Set: ${row.class_set.map(nameOf).join(" or ") || "empty"}`
    : "No set: this model is not calibrated for one.";
  return make("table", { class: `chances ${row.status}` }, make("caption", { text: caption }), make("tbody", {}, ...lines));
}

/** @param moved pixels at a threshold that is not the model's, or null. @param unsure pixels from 10 to 90 %, or null. */
export function measures(row, moved, unsure) {
  if (row.status === "error") return "";
  const unknown = "–";
  const size = (value, unit, digits = 1) => (value == null ? unknown : `${value.toFixed(digits)} ${unit}`);
  const perPixel = row.mask_area_px && row.mask_area_mm2 ? row.mask_area_mm2 / row.mask_area_px : null;
  const area = moved ?? row.mask_area_px;
  const square = moved === null ? row.mask_area_mm2 : perPixel && moved * perPixel;
  const diameter = row.longest_diameter_mm == null
    ? size(row.longest_diameter_px, "px") : size(row.longest_diameter_mm, "mm");
  const values = [
    ["Area", area == null ? unknown : [square == null ? null : size(square, "mm²"), `${area} px`].filter(Boolean).join(" · ")],
    ["Longest diameter", moved === null ? diameter : unknown],
    ["Volume of the scan", moved === null ? size(row.volume_ml, "ml", 2) : unknown],
    ["Unsure, 10 to 90 %", unsure == null ? unknown : `${unsure} px`],
    ["Slice", row.width ? `${row.width} × ${row.height} px` : unknown],
    ["Model", `${row.model} · ${row.runtime}`],
  ];
  return make("dl", { class: "measures" }, ...values.flatMap(([name, value]) =>
    [make("dt", { text: name }), make("dd", { text: value })]));
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
