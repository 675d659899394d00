// Compare: what was published, and what was measured here, in one table.
import { listPublished, listRuns } from "../api.js";
import { make } from "../answer.js";
import { rounded } from "../figures.js";
import { METRICS, fromModels, fromPublished, fromRuns, sorted } from "../rank.js";

export const title = "Compare";
export const keys = [
  ["Tab", "filters, heads of the columns"],
  ["Enter", "on a head: sort by it, and again the other way"],
  ["?", "these keys"],
];

const WORDS = [["system", "System"], ["source", "From"], ["dataset", "Data"], ["part", "Part"]];
let opened = null;

export function open(main, context) {
  opened ??= new Compare(context);
  main.replaceChildren(opened.root);
  opened.start();
}

class Compare {
  constructor(context) {
    Object.assign(this, { context, rows: null, by: "segmentation.dice", falling: true });
    this.whose = select("Whose", ["all", "published", "ours"]);
    this.part = select("Part", ["test", "any"]);
    this.what = select("Metrics", ["all", "segmentation", "classification"]);
    this.table = make("table", { class: "compared" });
    this.status = make("p", { class: "status", role: "status" });
    this.root = make("section", { class: "wide", "aria-label": "Comparison" },
      make("div", { class: "sources" }, this.whose.label, this.part.label, this.what.label), this.status,
      make("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": "Table" }, this.table),
      make("p", { class: "quiet", text: "Published numbers are as printed, with their SD and slices where told; each document defines its metrics and splits for itself, "
        + "and BRISC's official test holds copies of training slices. Ours have 95 % intervals. Research use only." }));
    for (const one of [this.whose, this.part, this.what]) one.control.addEventListener("change", () => this.draw());
  }

  async start() {
    if (this.rows) return;
    this.rows = [];
    try {
      const [published, runs] = await Promise.all([listPublished(), listRuns()]);
      await this.context.ready;
      this.rows = [...fromPublished(published), ...fromRuns(runs), ...fromModels(this.context.models)];
      this.draw();
    } catch (error) {
      this.rows = null;
      this.status.textContent = error.message;
    }
  }

  get shown() {
    const [whose, part] = [this.whose.control.value, this.part.control.value];
    return this.rows.filter((row) => (whose === "all" || row.ours === (whose === "ours"))
      && (part === "any" || row.part === part || row.part === "unstated")
      && this.columns.some(([key]) => row.values[key]));
  }

  get columns() {
    const what = this.what.control.value;
    const wanted = METRICS.filter(([key]) => what === "all" || key.startsWith(what));
    return wanted.filter(([key]) => this.rows.some((row) => row.values[key]));
  }

  draw() {
    const columns = this.columns;
    const heads = [...WORDS.map(([key, name]) => [key, name, "words"]), ...columns.map(([key, name]) => [key, name, null])];
    const shown = sorted(this.shown, this.by, this.falling);
    this.status.textContent = `${shown.length} systems`;
    const body = shown.map((row) => make("tr", { class: row.ours ? "ours" : null },
      make("th", { scope: "row", class: "words", text: row.system }),
      ...WORDS.slice(1).map(([key]) => make("td", { class: "words" }, make("span", { class: "short", title: row[key] ?? "", text: row[key] ?? "" }))),
      ...columns.map(([key]) => cell(row.values[key]))));
    this.table.replaceChildren(make("caption", { text: "Shares from 0 to 1" }),
      make("thead", {}, make("tr", {}, ...heads.map((head) => this.#head(...head)))), make("tbody", {}, ...body));
  }

  #head(key, name, kind) {
    const way = key === this.by ? (this.falling ? "descending" : "ascending") : null;
    const button = make("button", { type: "button", text: `${name}${way ? (this.falling ? " ↓" : " ↑") : ""}` });
    button.dataset.by = key;
    button.addEventListener("click", () => this.sortBy(key));
    return make("th", { scope: "col", class: kind, "aria-sort": way }, button);
  }

  sortBy(key) {
    const rising = METRICS.find(([name]) => name === key)?.[2] ?? -1;
    [this.by, this.falling] = [key, key === this.by ? !this.falling : rising > 0];
    this.draw();
    this.table.querySelector(`[data-by="${key}"]`).focus();
  }
}

function cell(metric) {
  if (metric?.value == null) return make("td", { class: "quiet", text: "" });
  const made = make("td", { text: rounded(metric.value) });
  const spread = metric.low != null && metric.high != null ? `${rounded(metric.low)} – ${rounded(metric.high)}`
    : metric.sd != null ? `SD ${rounded(metric.sd)}` : null;
  if (spread) made.append(make("small", { class: "quiet", text: spread }));
  made.title = [metric.at, metric.n && `${metric.n} slices`].filter(Boolean).join(", ");
  return made;
}

function select(name, values) {
  const control = make("select", {}, ...values.map((value) => new Option(value, value)));
  return { control, label: make("label", { text: `${name} ` }, control) };
}
