// What the Explore view is made of.
import { KINDS, ORDERS } from "../slices.js";

const options = (...pairs) => pairs.map(([value, name]) => `<option value="${value}">${name}</option>`).join("");
const named = (names) => options(...names.map((name) => [name, name]));
const CLASSES = options(["", "any"], ["glioma", "glioma"], ["meningioma", "meningioma"], ["pituitary", "pituitary tumour"], ["no_tumor", "no tumour"]);

const MARKUP = `
<section class="finder" aria-label="Slices">
  <div class="filters">
    <label>Run <select data-part="first"></select></label>
    <label>beside <select data-part="second"></select></label>
    <label>Part <select data-part="part"></select></label>
    <label>Order <select data-part="order">${named(Object.keys(ORDERS))}</select></label>
  </div>
  <details class="filters-more" data-part="more" open><summary>Filters <span data-part="active"></span></summary>
  <div class="filters">
    <label>Class <select data-wanted="label">${CLASSES}</select></label>
    <label>Plane <select data-wanted="plane">${options(["", "any"], ["axial", "axial"], ["coronal", "coronal"], ["sagittal", "sagittal"])}</select></label>
    <label>Seen in training <select data-wanted="leaked">${options(["", "any"], ["false", "clean"], ["true", "leaked"])}</select></label>
    <label>Tumour <select data-wanted="size">${options(["", "any size"], ["small", "small"], ["medium", "medium"], ["large", "large"])}</select></label>
    <label>Lesions <select data-wanted="lesions">${options(["", "any number"], ["one", "one"], ["several", "several"])}</select></label>
    <label>Source <select data-wanted="source">${options(["", "any"])}</select></label>
    <label>Fault <select data-wanted="kind">${named(Object.keys(KINDS))}</select></label>
    <label>Dice from <input data-wanted="low" type="number" min="0" max="1" step="0.05" value="0"></label>
    <label>to <input data-wanted="high" type="number" min="0" max="1" step="0.05" value="1"></label>
    <label>Name <input data-wanted="text" type="search" value=""></label>
  </div></details>
  <p class="counted"><span data-part="count" role="status"></span> <button type="button" data-part="clear">Clear filters</button></p>
  <p class="none quiet" data-part="none" hidden>No slice is like that: clear a filter.</p>
  <div data-part="list" class="windowed" role="listbox" tabindex="0" aria-label="Slices found"></div>
</section>
<section class="findings" aria-label="Slice and figures">
  <p class="status bad" data-part="status" role="status"></p>
  <div class="trio" data-part="trio">
    ${[["truth", "Truth"], ["one", "First run"], ["two", "Second run"]].map(([part, name]) => `
    <figure data-part="${part}"><div class="frame"><canvas tabindex="0" role="img" aria-label="${name}"></canvas></div><figcaption></figcaption></figure>`).join("")}
  </div>
  <div class="tools">
    <label>Mask <select data-part="style">${named(["outline", "fill", "off"])}</select></label>
    <label><input type="checkbox" data-part="truths" checked> truth beside predictions</label>
    <span class="keyed"><span class="swatch truth"></span>truth <span class="swatch"></span>prediction</span>
    <span class="buttons"><button type="button" data-part="zoomOut" aria-label="Zoom out">−</button>
      <button type="button" data-part="zoomIn" aria-label="Zoom in">+</button>
      <button type="button" data-part="fit">Fit</button></span>
  </div>
  <div class="figures">
    <div data-part="matrices" class="sheets"></div>
    <div data-part="numbers" class="sheets"></div>
    <div data-part="curves" class="sheets"></div>
  </div>
</section>`;

export function panel() {
  const root = document.createElement("div");
  root.className = "explore";
  root.innerHTML = MARKUP;
  return root;
}
