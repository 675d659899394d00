// Read: a file or a series, what the model finds on it, and the finding under the reader's hand.
import { predict } from "../api.js";
import { cautions, chances, make, measures, verdict } from "../answer.js";
import { droppedFiles } from "../dropped.js";
import { saveMask, saveOfScans, saveRows } from "../export.js";
import { listenForKeys, lookingAct, styleAfter } from "../keys.js";
import { examples, panel } from "./read_panel.js";
import { countPixels, decodeSlice, maskAt } from "../slice.js";
import { countUnsure } from "../uncertainty.js";
import { Viewer } from "../viewer.js";

export const title = "Read";
export const keys = [
  ["↑ ↓, Page Up, Page Down", "slice before, slice after"],
  ["Home, End", "first slice, last slice"],
  ["+ −  0", "zoom in, out, fit"],
  ["Shift + arrows", "pan"],
  ["[ ]", "lower, raise the mask's threshold"],
  ["W S · A D", "window wider, narrower · level down, up"],
  ["O", "mask: outline, fill, off"],
  [", .", "less, more of the mask's colour"],
  ["U", "uncertainty of every pixel, or not"],
  ["R", "window, zoom and threshold as at first"],
  ["F", "open files"],
  ["M J", "save the mask, the rows as JSON"],
  ["Tab", "examples, sliders, exports"],
  ["?", "these keys"],
  ["Mouse", "wheel: slices (Ctrl: zoom); drag: pan; right or Shift drag: window and level"],
  ["Touch", "drag: pan; two fingers: zoom"],
];

const SCAN_FILES = { saveNifti: "nifti", saveSegmentation: "dicom_seg", saveReport: "dicom_sr" };
let opened = null;

export function open(main, context) {
  opened ??= new Read(context);
  main.replaceChildren(opened.root);
}

class Read {
  constructor(context) {
    this.context = context;
    this.rows = [];
    this.index = 0;
    this.cache = new Map();
    this.root = panel();
    this.part = Object.fromEntries([...this.root.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
    this.viewer = new Viewer(this.part.canvas, { step: (by) => this.step(by), windowed: () => this.tellWindow() });
    this.#listen();
  }

  get row() {
    return this.rows[this.index];
  }

  get own() {
    return this.context.models.find((model) => model.name === this.row?.model)?.mask_threshold ?? 0.5;
  }

  async read(files) {
    if (!files.length) return;
    this.asked?.abort();
    this.asked = new AbortController();
    const reading = `Reading ${files.length === 1 ? files[0].name : `${files.length} files`} …`;
    this.say(reading);
    this.root.ariaBusy = "true";
    try {
      const { signal } = this.asked;
      this.fill(await predict(files, this.context.model()?.name, { signal, told: (busy) => this.say(busy) }));
    } catch (error) {
      if (error.name === "AbortError") return;
      const rows = error.rows ?? [];
      this.fill(rows);
      const unread = rows.length === 1 ? "The file cannot be read." : `None of the ${rows.length} files can be read.`;
      this.say(rows.length ? unread : error.message, true);
    }
    this.root.ariaBusy = "false";
  }

  fill(rows) {
    [this.rows, this.index] = [rows, 0];
    this.cache.clear();
    const largest = Math.max(...rows.map((row) => row.mask_area_px ?? 0), 0);
    if (rows.some((row) => row.slice !== null)) this.index = Math.max(0, rows.findIndex((row) => row.mask_area_px === largest));
    this.part.slice.max = Math.max(0, rows.length - 1);
    this.part.scroll.hidden = rows.length < 2;
    this.part.result.hidden = !rows.length;
    if (rows.length && this.part.empty.contains(document.activeElement)) this.part.canvas.focus();
    this.part.empty.hidden = this.part.hint.hidden = rows.length > 0;
    for (const [part, field] of Object.entries(SCAN_FILES)) this.part[part].hidden = !rows.some((row) => row[field]);
    this.say("");
    this.reset();
  }

  reset() {
    this.part.threshold.value = this.own;
    this.viewer.set({ window: 255, level: 127.5 });
    this.viewer.fit();
    this.tellWindow();
    this.show();
  }

  step(by) {
    if (this.rows.length < 2) return false;
    this.index = Math.min(this.rows.length - 1, Math.max(0, this.index + by));
    this.show();
    return true;
  }

  async show() {
    const row = this.row;
    if (!row) return this.viewer.show(null, null);
    this.part.slice.value = this.index;
    this.part.place.textContent = place(row, this.index, this.rows.length);
    if (!this.cache.has(this.index)) {
      if (this.cache.size > 64) this.cache.delete(this.cache.keys().next().value);
      this.cache.set(this.index, decodeSlice(row));
    }
    const slice = await this.cache.get(this.index);
    if (row !== this.row) return;
    const threshold = Number(this.part.threshold.value);
    const moved = Boolean(slice.shades) && Math.abs(threshold - this.own) > 1e-6;
    this.shown = { row, slice, mask: maskAt(slice, threshold, this.own), moved };
    this.viewer.show(slice, this.shown.mask);
    this.tell();
  }

  tell() {
    const { row, slice, mask, moved } = this.shown;
    const area = moved ? countPixels(mask) : null;
    this.part.verdict.replaceChildren(verdict(row));
    this.part.chances.replaceChildren(chances(row));
    this.part.measures.replaceChildren(measures(row, area, countUnsure(slice.shades)));
    this.part.warnings.replaceChildren(...cautions(row).map((text) => make("li", { text })));
    this.part.threshold.disabled = this.part.unsure.disabled = !row.mask_probability;
    this.part.thresholdValue.textContent =
      `${Number(this.part.threshold.value).toFixed(2)}${moved ? ` (the model's: ${this.own.toFixed(2)})` : ""}`;
    this.part.saveMask.disabled = !mask;
    const report = `${this.part.verdict.textContent}. ${this.part.place.textContent}`;
    this.part.canvas.setAttribute("aria-label", report);
  }

  tellWindow() {
    const { window, level } = this.viewer.look;
    [this.part.window.value, this.part.level.value] = [window, level];
    this.part.windowValue.textContent = `${Math.round(window)} / ${Math.round(level)}`;
  }

  say(text, bad = false) {
    this.part.status.textContent = text;
    this.part.status.classList.toggle("bad", bad);
  }

  setStyle(style) {
    this.part.style.value = style;
    this.viewer.set({ style });
    [this.part.opacity.value, this.part.opacity.disabled] = [this.viewer.opacity, style === "off"];
  }

  setUnsure(unsure) {
    this.part.unsure.checked = unsure;
    this.part.legend.hidden = !unsure;
    this.viewer.set({ unsure });
  }

  opacityBy(share) {
    this.viewer.opacity = Math.min(1, Math.max(0, this.viewer.opacity + share));
    this.part.opacity.value = this.viewer.opacity;
  }

  #listen() {
    const on = (part, kind, act) => this.part[part].addEventListener(kind, act);
    on("files", "change", () => this.read([...this.part.files.files]));
    on("open", "click", () => this.part.files.click());
    on("slice", "input", () => this.step(Number(this.part.slice.value) - this.index));
    on("threshold", "input", () => this.row && this.show());
    on("opacity", "input", () => (this.viewer.opacity = Number(this.part.opacity.value)));
    on("unsure", "change", () => this.setUnsure(this.part.unsure.checked));
    on("style", "change", () => this.setStyle(this.part.style.value));
    on("window", "input", () => this.viewer.windowBy(Number(this.part.window.value) - this.viewer.look.window, 0));
    on("level", "input", () => this.viewer.windowBy(0, Number(this.part.level.value) - this.viewer.look.level));
    on("zoomIn", "click", () => this.viewer.zoomBy(1.25));
    on("zoomOut", "click", () => this.viewer.zoomBy(0.8));
    on("reset", "click", () => this.row && this.reset());
    on("saveMask", "click", () => saveMask(this.shown));
    on("saveRows", "click", () => saveRows(this.rows));
    for (const [part, field] of Object.entries(SCAN_FILES)) on(part, "click", () => saveOfScans(this.rows, field));
    listenForKeys(this.root, (event) => lookingAct(event, this.viewer) ?? this.#act(event.key));
    examples(this.part, (files) => this.read(files), (error) => this.say(error.message, true));
    this.#takeDrops();
  }

  /** Wherever on the page something is dropped, also in another view, it is read. */
  #takeDrops() {
    const over = (event, is) => {
      event.preventDefault();
      this.root.classList.toggle("over", is);
    };
    document.addEventListener("dragover", (event) => over(event, true));
    document.addEventListener("dragleave", (event) => over(event, false));
    document.addEventListener("drop", async (event) => {
      over(event, false);
      const files = await droppedFiles(event.dataTransfer).catch(() => []);
      location.hash = "read";
      if (files.length) this.read(files);
      else this.say("Nothing in it that could be read: drop files, or a folder of them.", true);
    });
  }

  #act(key) {
    const far = this.rows.length;
    const steps = { ArrowUp: -1, ArrowLeft: -1, PageUp: -1, ArrowDown: 1, ArrowRight: 1, PageDown: 1, Home: -far, End: far };
    if (key in steps) return this.rows.length > 1 ? () => this.step(steps[key]) : null;
    const threshold = (by) => () => (this.part.threshold.value = Number(this.part.threshold.value) + by, this.row && this.show());
    return {
      "[": threshold(-0.05), "]": threshold(0.05), f: () => this.part.files.click(),
      o: () => this.setStyle(styleAfter(this.viewer.look.style)),
      ",": () => this.opacityBy(-0.1), ".": () => this.opacityBy(0.1),
      u: () => this.part.unsure.disabled || this.setUnsure(!this.viewer.look.unsure),
      m: () => this.shown?.mask && saveMask(this.shown), j: () => this.rows.length && saveRows(this.rows),
      w: () => this.viewer.windowBy(8, 0), s: () => this.viewer.windowBy(-8, 0),
      a: () => this.viewer.windowBy(0, -8), d: () => this.viewer.windowBy(0, 8), r: () => this.row && this.reset(),
    }[key.toLowerCase()];
  }
}

function place(row, index, count) {
  return [row.file, count > 1 && `${index + 1} of ${count}`].filter(Boolean).join(" · ");
}
