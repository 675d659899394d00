// Explore: the slices of an evaluated part, with truth and what one or two runs say of them.
import { listRuns, readLayer, readLog, readPart } from "../api.js";
import { nameOf } from "../answer.js";
import { curves } from "../curves.js";
import { byClass, matrix } from "../figures.js";
import { listenForKeys, lookingAct, styleAfter } from "../keys.js";
import { decodeLayer } from "../slice.js";
import { STRATA, choose, confusion, inCell, order, pair } from "../slices.js";
import { Viewer } from "../viewer.js";
import { WindowedList } from "../windowed.js";
import { panel } from "./explore_panel.js";
import { fillRow, told } from "./explore_slice.js";

export const title = "Explore";
export const keys = [
  ["↑ ↓, Page Up, Page Down", "slice before, slice after"],
  ["Home, End", "first slice, last slice found"],
  ["+ −  0", "zoom in, out, fit"],
  ["Shift + arrows", "pan"],
  ["O", "masks: outline, fill, off"],
  ["T", "truth beside the predictions, or not"],
  ["C", "clear the filters"],
  ["/", "find by name"],
  ["Tab", "filters, list, figures; Enter on a number of the matrix shows its slices"],
  ["?", "these keys"],
];

const ROW_HEIGHT = 44;
const KEPT_LAYERS = 120;
let opened = null;

export function open(main) {
  opened ??= new Explore();
  main.replaceChildren(opened.root);
  opened.start();
}

class Explore {
  constructor() {
    Object.assign(this, { runs: null, items: [], found: [], index: -1, cell: null, layers: new Map(), sides: [] });
    this.root = panel();
    this.part = Object.fromEntries([...this.root.querySelectorAll("[data-part]")].map((one) => [one.dataset.part, one]));
    this.wanted = [...this.root.querySelectorAll("[data-wanted]")];
    this.list = new WindowedList(this.part.list, { height: ROW_HEIGHT, fill: fillRow, choose: (index) => this.choose(index) });
    this.viewers = ["truth", "one", "two"].map((name) => {
      const viewer = new Viewer(this.part[name].querySelector("canvas"), {
        step: (by) => this.step(by), windowed: () => this.#together(viewer), moved: () => this.#together(viewer),
      });
      return viewer;
    });
    this.part.more.open = matchMedia("(min-width: 821px)").matches;
    this.#listen();
  }

  async start() {
    if (this.runs) return;
    this.runs = [];
    await this.#try(async () => {
      this.runs = (await listRuns()).filter((run) => run.parts.length);
      this.part.first.replaceChildren(...this.runs.map((run) => new Option(run.name, run.name)));
      if (this.runs.length) await this.#takeRun();
      else this.say("No evaluated run is served: start the server with --runs and a folder that holds one.");
    });
  }

  run(name) {
    return this.runs.find((run) => run.name === this.part[name].value);
  }

  async #takeRun() {
    const kept = this.part.part.value;
    this.part.part.replaceChildren(...this.run("first").parts.map((part) => new Option(part, part)));
    if (this.run("first").parts.includes(kept)) this.part.part.value = kept;
    await this.#takePart();
  }

  async #takePart() {
    const [kept, part] = [this.part.second.value, this.part.part.value];
    const others = this.runs.filter((run) => run !== this.run("first") && run.parts.includes(part));
    this.part.second.replaceChildren(new Option("none", ""), ...others.map((run) => new Option(run.name, run.name)));
    if (others.some((run) => run.name === kept)) this.part.second.value = kept;
    await this.#load();
  }

  async #load() {
    const names = [this.part.first.value, this.part.second.value].filter(Boolean);
    const part = this.part.part.value;
    this.root.ariaBusy = "true";
    const [parts, logs] = await Promise.all([
      Promise.all(names.map((name) => readPart(name, part))), Promise.all(names.map(readLog)),
    ]);
    this.root.ariaBusy = "false";
    this.sides = names.map((name, side) => ({ name, part, ...parts[side], log: logs[side] }));
    this.items = pair(parts[0].rows, parts[1]?.rows);
    this.#offer(parts[0].rows);
    this.cell = null;
    this.layers.clear();
    this.part.trio.classList.toggle("of-two", names.length > 1);
    this.part.two.hidden = names.length < 2;
    this.part.numbers.replaceChildren(...this.sides.map(({ name, metrics }) => byClass(`${name}: ${part}, all slices`, metrics)));
    this.part.curves.replaceChildren(...curves(this.sides));
    this.say("");
    this.filter();
  }

  /** Filters that tell these slices apart; the others are put away. */
  #offer(rows) {
    for (const one of this.wanted.filter(({ dataset }) => STRATA.includes(dataset.wanted))) {
      const values = [...new Set(rows.map((row) => row[one.dataset.wanted]).filter((value) => value != null))];
      if (one.dataset.wanted === "source") one.replaceChildren(new Option("any", ""), ...values.map((value) => new Option(value, value)));
      one.parentElement.hidden = values.length < 2;
      if (values.length < 2) one.value = "";
    }
  }

  filter() {
    const wanted = Object.fromEntries(this.wanted.map((one) =>
      [one.dataset.wanted, one.type === "number" ? Number(one.value) : one.value]));
    const chosen = this.found[this.index];
    const here = choose(this.items, wanted);
    this.found = order(here.filter((item) => inCell(item, this.cell)), this.part.order.value);
    const active = this.wanted.filter((one) => one.value !== firstOf(one)).length + (this.cell ? 1 : 0);
    this.part.active.textContent = active ? `(${active} set)` : "";
    this.part.clear.disabled = !active;
    this.part.none.hidden = this.found.length > 0 || !this.items.length;
    this.part.count.textContent = `${this.found.length} of ${this.items.length} slices`;
    this.list.show(this.found);
    this.#drawMatrices(here);
    this.choose(Math.max(0, this.found.indexOf(chosen)));
  }

  #drawMatrices(items) {
    const isPressed = (side) => (label, predicted) =>
      this.cell?.side === side && this.cell.label === label && this.cell.predicted === predicted;
    const press = (side) => (label, predicted) => {
      this.cell = isPressed(side)(label, predicted) ? null : { side, label, predicted };
      this.filter();
      this.part.matrices.querySelector("[aria-pressed=true]")?.focus();
    };
    const drawn = this.sides.map(({ name }, side) => {
      const counts = confusion(items, side);
      return counts && matrix(`${name}: classes of the slices found`, counts, press(side), isPressed(side));
    });
    this.part.matrices.replaceChildren(...drawn.filter(Boolean));
  }

  clear() {
    for (const one of this.wanted) one.value = firstOf(one);
    this.cell = null;
    this.filter();
  }

  choose(index) {
    this.index = Math.min(index, this.found.length - 1);
    this.list.choose(this.index);
    this.#show();
  }

  step(by) {
    if (!this.found.length) return false;
    this.choose(Math.min(this.found.length - 1, Math.max(0, this.index + by)));
    return true;
  }

  /** The newest choice wins: slices that were passed by meanwhile are never fetched. */
  async #show() {
    if (this.showing) return;
    this.showing = true;
    let item;
    do {
      item = this.found[this.index];
      await this.#try(() => this.#showItem(item));
    } while (item !== this.found[this.index]);
    this.showing = false;
    this.#ahead();
  }

  async #showItem(item) {
    if (!item) {
      for (const caption of this.part.trio.querySelectorAll("figcaption")) caption.textContent = "";
      for (const viewer of this.viewers) viewer.show(null, null);
      return;
    }
    const { grey, truth, said } = await this.#fetch(item);
    const slice = { width: grey.width, height: grey.height, grey: grey.values };
    const marks = (layer) => layer && layer.values.map((value) => value > 127);
    const beside = this.part.truths.checked ? marks(truth) : null;
    this.viewers[0].show(slice, null, marks(truth));
    this.viewers.slice(1).forEach((viewer, side) => viewer.show(slice, marks(said[side] ?? null), beside));
    this.#caption(item);
    this.say("");
  }

  #caption(item) {
    const [row] = item.sides;
    const texts = [
      [row.label ? `Truth: ${nameOf(row.label)}` : "Truth: unlabelled", row.plane, row.true_px != null && `${row.true_px} px`, row.leaked && "seen in training"],
      ...item.sides.map((side, number) => (side ? told(side, this.sides[number]?.name) : ["not among its slices"])),
    ].map((parts) => parts.filter(Boolean).join(" · "));
    ["truth", "one", "two"].forEach((name, number) => {
      this.part[name].querySelector("figcaption").textContent = texts[number] ?? "";
      this.part[name].querySelector("canvas").setAttribute("aria-label", `${item.id}. ${texts[number] ?? ""}`);
    });
  }

  async #fetch(item) {
    const layer = (side, name) => this.#layer(this.sides[side], item.sides[side].number, name);
    const has = (side) => this.sides[side] && item.sides[side]?.predicted_px != null;
    const [grey, truth, ...said] = await Promise.all([
      layer(0, "picture"), item.sides[0].true_px > 0 ? layer(0, "truth") : null,
      ...[0, 1].map((side) => (has(side) ? layer(side, "prediction") : null)),
    ]);
    return { grey, truth, said };
  }

  #layer({ name, part }, number, layer) {
    const key = `${name}/${part}/${number}/${layer}`;
    if (!this.layers.has(key)) {
      if (this.layers.size >= KEPT_LAYERS) this.layers.delete(this.layers.keys().next().value);
      const read = readLayer(name, part, number, layer).then(decodeLayer);
      this.layers.set(key, read);
      read.catch(() => this.layers.delete(key));
    }
    return this.layers.get(key);
  }

  /** The next slice, before it is asked for. */
  #ahead() {
    const next = this.found[this.index + 1];
    if (next) this.#fetch(next).catch(() => {});
  }

  #together(viewer) {
    for (const other of this.viewers) if (other !== viewer) other.follow(viewer);
  }

  async #try(act) {
    try {
      await act();
    } catch (error) {
      this.root.ariaBusy = "false";
      this.say(error.message);
    }
  }

  say(text) {
    this.part.status.textContent = text;
  }

  setStyle(style) {
    this.part.style.value = style;
    for (const viewer of this.viewers) viewer.set({ style });
  }

  toggleTruth() {
    this.part.truths.checked = !this.part.truths.checked;
    this.#show();
  }

  zoomBy(factor) {
    this.viewers[0].zoomBy(factor);
  }

  panBy(x, y) {
    this.viewers[0].panBy(x, y);
  }

  fit() {
    for (const viewer of this.viewers) viewer.fit();
  }

  #listen() {
    const on = (part, kind, act) => this.part[part].addEventListener(kind, act);
    on("first", "change", () => this.#try(() => this.#takeRun()));
    on("second", "change", () => this.#try(() => this.#load()));
    on("part", "change", () => this.#try(() => this.#takePart()));
    on("order", "change", () => this.filter());
    on("clear", "click", () => this.clear());
    on("style", "change", () => this.setStyle(this.part.style.value));
    on("truths", "change", () => this.#show());
    on("zoomIn", "click", () => this.zoomBy(1.25));
    on("zoomOut", "click", () => this.zoomBy(0.8));
    on("fit", "click", () => this.fit());
    for (const one of this.wanted) one.addEventListener("input", () => this.filter());
    listenForKeys(this.root, (event) => lookingAct(event, this) ?? this.#act(event.key));
  }

  #find() {
    this.part.more.open = true;
    this.root.querySelector("[data-wanted=text]").focus();
  }

  #act(key) {
    const [far, page] = [this.found.length, this.list.page];
    const steps = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -far, End: far };
    if (key in steps) return () => this.step(steps[key]);
    return {
      o: () => this.setStyle(styleAfter(this.part.style.value)), t: () => this.toggleTruth(),
      c: () => this.clear(), "/": () => this.#find(),
    }[key.toLowerCase()];
  }
}

const firstOf = (control) => (control.tagName === "SELECT" ? control.options[0].value : control.defaultValue);
