// A list of any length of which only the rows in sight exist: one stop for the Tab key, one chosen row.
const SPARE = 6;

export class WindowedList {
  /** @param root a listbox. @param height of a row, px. @param fill `(node, item)` writes a row. @param choose `(index)`. */
  constructor(root, { height, fill, choose }) {
    Object.assign(this, { root, height, fill, items: [], chosen: -1, nodes: new Map() });
    this.sheet = document.createElement("div");
    this.sheet.className = "sheet";
    this.sheet.role = "presentation";
    root.append(this.sheet);
    root.addEventListener("scroll", () => this.#later(), { passive: true });
    root.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) choose(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.#later()).observe(root);
  }

  /** How many rows are in sight. */
  get page() {
    return Math.max(1, Math.floor(this.root.clientHeight / this.height) - 1);
  }

  show(items) {
    this.items = items;
    for (const node of this.nodes.values()) node.remove();
    this.nodes.clear();
    this.sheet.style.height = `${items.length * this.height}px`;
    this.draw();
  }

  choose(index) {
    this.chosen = index;
    const [top, bottom] = [index * this.height, (index + 1) * this.height];
    if (index >= 0 && top < this.root.scrollTop) this.root.scrollTop = top;
    else if (bottom > this.root.scrollTop + this.root.clientHeight) this.root.scrollTop = bottom - this.root.clientHeight;
    this.draw();
  }

  draw() {
    const first = Math.max(0, Math.floor(this.root.scrollTop / this.height) - SPARE);
    const rows = Math.ceil(this.root.clientHeight / this.height) + 2 * SPARE;
    const last = Math.min(this.items.length, first + rows);
    for (const [index, node] of this.nodes) {
      if (index >= first && index < last) continue;
      node.remove();
      this.nodes.delete(index);
    }
    for (let index = first; index < last; index++) if (!this.nodes.has(index)) this.#add(index);
    for (const [index, node] of this.nodes) node.ariaSelected = String(index === this.chosen);
    if (this.nodes.has(this.chosen)) this.root.setAttribute("aria-activedescendant", this.nodes.get(this.chosen).id);
    else this.root.removeAttribute("aria-activedescendant");
  }

  #add(index) {
    const node = document.createElement("div");
    [node.role, node.id, node.dataset.index] = ["option", `row-${index}`, index];
    [node.ariaPosInSet, node.ariaSetSize] = [String(index + 1), String(this.items.length)];
    node.style.transform = `translateY(${index * this.height}px)`;
    this.fill(node, this.items[index]);
    this.nodes.set(index, node);
    this.sheet.append(node);
  }

  #later() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }
}
