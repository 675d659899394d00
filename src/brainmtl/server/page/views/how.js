// How it works: the network of the chosen model, stage by stage, as its package tells.
import { make } from "../answer.js";
import { drawWires } from "../wires.js";

export const title = "How it works";
export const keys = [
  ["↑ ↓, Home, End", "stage before, stage after, first, last, as a slice goes through"],
  ["Tab", "stages, one after the other"],
  ["?", "these keys"],
];

const NAMES = { mask: "Mask", classes: "Classes", stem: "Stem", head: "Head" };
const ROOMS = {
  encoder: "Encoder: shrinks the slice and finds features, finer ones first.",
  decoder: "Decoder: doubles the resolution, step by step, back to the slice.",
  mask: "One logit a pixel: is it tumour?",
  classes: "One logit a class: which tumour, or none?",
};
let opened = null;

export function open(main, context) {
  opened ??= new How(context);
  main.replaceChildren(opened.root);
  opened.start();
}

class How {
  constructor(context) {
    this.context = context;
    this.drawing = make("div", { class: "network", role: "group", "aria-label": "Stages of the network" });
    this.wires = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.wires.setAttribute("aria-hidden", "true");
    this.wires.setAttribute("class", "wires");
    this.told = make("div", { class: "stage-told", "aria-live": "polite" });
    this.summary = make("p", { class: "quiet", role: "status" });
    this.root = make("section", { class: "wide", "aria-label": "Network" }, this.summary,
      make("div", { class: "explained" }, this.drawing, this.told));
    document.getElementById("model").addEventListener("change", () => this.root.isConnected && this.draw());
    this.drawing.addEventListener("keydown", (event) => this.#press(event));
    new ResizeObserver(() => this.#wire()).observe(this.drawing);
  }

  async start() {
    await this.context.ready;
    this.draw();
  }

  draw() {
    const model = this.context.model();
    this.stages = model?.stages ?? [];
    this.drawing.replaceChildren();
    this.told.replaceChildren();
    if (!this.stages.length) {
      this.summary.textContent = model ? "This package does not tell its stages: export it again with `brainmtl export`."
        : "No model is served: start the server with --model.";
      return;
    }
    this.total = { parameters: sum(this.stages, "parameters"), macs: sum(this.stages, "macs") };
    this.summary.textContent = `${model.name}: a slice of ${model.size} × ${model.size} pixels goes through `
      + `${this.stages.length} stages, ${written(this.total.parameters)} parameters, ${written(this.total.macs)} multiplications.`;
    const rows = rowsOf(this.stages);
    this.buttons = this.stages.map((stage, index) => this.#button(stage, index, rows.get(stage.name)));
    this.drawing.append(this.wires, ...this.buttons);
    this.choose(0);
  }

  #button(stage, index, row) {
    const share = stage.macs / (this.total.macs || 1);
    const bar = make("span", { class: "bar" });
    bar.style.setProperty("--share", share);
    const button = make("button", { type: "button", class: `stage-box ${stage.room}` },
      make("span", { class: "name", text: nameOf(stage.name) }), make("span", { class: "number quiet", text: stage.shape.join(" × ") }), bar);
    [button.style.gridRow, button.style.gridColumn] = [row, COLUMN[stage.room]];
    button.addEventListener("click", () => this.choose(index));
    button.addEventListener("focus", () => this.choose(index));
    return button;
  }

  choose(index) {
    const stage = this.stages[index];
    this.buttons.forEach((button, number) => button.setAttribute("aria-pressed", String(number === index)));
    this.chosen = stage.name;
    this.#wire();
    const share = (name) => `${written(stage[name])} · ${((100 * stage[name]) / (this.total[name] || 1)).toFixed(1)}\u00a0%`;
    const values = [
      [stage.shape.length > 1 ? "Channels × rows × columns" : "Numbers", stage.shape.join(" × ")],
      ["Parameters", share("parameters")],
      ["Multiplications", share("macs")],
      stage.takes && ["Takes up", `${nameOf(stage.takes)}${stage.attention ? ", through an attention gate" : ""}`],
    ].filter(Boolean);
    this.told.replaceChildren(make("h2", { text: nameOf(stage.name) }), make("p", { class: "quiet", text: ROOMS[stage.room] }),
      make("dl", { class: "measures" }, ...values.flatMap(([name, text]) => [make("dt", { text: name }), make("dd", { text })])));
  }

  #wire() {
    if (!this.stages?.length) return;
    const button = new Map(this.stages.map((stage, index) => [stage.name, this.buttons[index]]));
    drawWires(this.wires, wiresOf(this.stages).map(({ from, to, gated }) => ({
      from: button.get(from), to: button.get(to),
      shape: `${gated ? "gated" : ""} ${[from, to].includes(this.chosen) ? "lit" : ""}`,
    })));
  }

  #press(event) {
    const here = this.buttons.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: this.buttons.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.buttons[to]?.focus();
  }
}

/** Stage → row: encoder left, decoder right, each resolution as many rows as it has stages; a step stands where its skip ends. */
function rowsOf(stages) {
  const encoder = stages.filter((stage) => stage.room === "encoder");
  const rows = new Map(encoder.map((stage, number) => [stage.name, number + 1]));
  for (const stage of stages) {
    if (stage.room === "classes") rows.set(stage.name, encoder.length + 1);
    else if (stage.room !== "encoder") {
      const beside = encoder.filter((one) => one.shape[1] >= stage.shape[1]).length;
      rows.set(stage.name, rows.get(stage.takes) ?? Math.max(1, beside));
    }
  }
  return rows;
}

const COLUMN = { encoder: 1, classes: 1, decoder: 3, mask: 4 };

/** Which stage feeds which: along the encoder, from its end up the decoder and to the classes, and across. */
function wiresOf(stages) {
  const of = (room) => stages.filter((stage) => stage.room === room).map((stage) => stage.name);
  const [encoder, decoder] = [of("encoder"), of("decoder")];
  const ways = [encoder, [encoder.at(-1), ...decoder, ...of("mask")], ...of("classes").map((name) => [encoder.at(-1), name])];
  const along = ways.flatMap((way) => way.slice(1).map((to, number) => ({ from: way[number], to })));
  const across = stages.filter((stage) => stage.takes).map((stage) => ({ from: stage.takes, to: stage.name, gated: stage.attention }));
  return [...along, ...across].filter(({ from }) => from);
}

const nameOf = (name) => NAMES[name] ?? name.replace(/^stage(\d)/, "Stage $1").replace(/^up(\d)/, "Up $1");
const sum = (stages, name) => stages.reduce((total, stage) => total + stage[name], 0);

function written(value) {
  const [factor, unit] = [[1e9, " G"], [1e6, " M"], [1e3, " k"]].find(([one]) => value >= one) ?? [1, ""];
  return `${factor > 1 ? (value / factor).toPrecision(3) : value}${unit}`;
}
