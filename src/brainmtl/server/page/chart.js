// Lines over epochs as SVG.
const [WIDTH, HEIGHT] = [420, 200];
const EDGE = { left: 44, right: 10, top: 10, bottom: 28 };

/**
 * @param title of the chart. @param lines `{name, points: [[x, y], …], colour: 1 or 2, dashed}`; a point whose y is
 *   null breaks its line. @returns a figure, or null where no line has two points.
 */
export function chart(title, lines) {
  const kept = lines.map((line) => ({ ...line, points: line.points.filter(([, y]) => y !== null) }))
    .filter((line) => line.points.length);
  const points = kept.flatMap((line) => line.points);
  if (!points.length) return null;
  const [xs, ys] = [0, 1].map((axis) => ticks(points.map((point) => point[axis]), axis ? 4 : 6, axis === 0));
  const x = (value) => EDGE.left + scale(value, xs) * (WIDTH - EDGE.left - EDGE.right);
  const y = (value) => HEIGHT - EDGE.bottom - scale(value, ys) * (HEIGHT - EDGE.top - EDGE.bottom);
  const svg = node("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told(title, kept) });
  for (const value of ys) {
    svg.append(node("line", { x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(value), y2: y(value), class: "grid" }));
    svg.append(node("text", { x: EDGE.left - 6, y: y(value) + 4, "text-anchor": "end" }, written(value)));
  }
  for (const value of xs) svg.append(node("text", { x: x(value), y: HEIGHT - 10, "text-anchor": "middle" }, written(value)));
  for (const { name, points: along, colour, dashed } of kept) {
    const shape = `line colour-${colour}${dashed ? " dashed" : ""}`;
    const path = along.map(([a, b], number) => `${number ? "L" : "M"}${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("");
    const drawn = along.length > 1 ? node("path", { d: path, class: shape })
      : node("circle", { cx: x(along[0][0]), cy: y(along[0][1]), r: 3, class: `${shape} point` });
    drawn.append(node("title", {}, name));
    svg.append(drawn);
  }
  return figure(title, svg, kept);
}

function figure(title, svg, lines) {
  const [made, caption, key] = ["figure", "figcaption", "ul"].map((tag) => document.createElement(tag));
  caption.textContent = title;
  key.className = "key";
  key.append(...lines.map(({ name, colour, dashed }) => {
    const entry = document.createElement("li");
    entry.className = `colour-${colour}${dashed ? " dashed" : ""}`;
    entry.textContent = name;
    return entry;
  }));
  made.append(caption, svg, key);
  return made;
}

/** Round numbers from below the least value to above the greatest. */
export function ticks(values, about, whole = false) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const raw = (high - low || Math.abs(high) || 1) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = Math.max(whole ? 1 : 0, power * [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999));
  const first = Math.floor(low / step + 1e-9) * step;
  const count = Math.max(1, Math.ceil((high - first) / step - 1e-9));
  return Array.from({ length: count + 1 }, (_, number) => Number((first + number * step).toPrecision(12)));
}

const scale = (value, marks) => (value - marks[0]) / (marks.at(-1) - marks[0]);
const written = (value) => String(Number(value.toPrecision(6)));
const told = (title, lines) =>
  `${title}. ${lines.map(({ name, points }) => `${name}: ${written(points[0][1])} at first, ${written(points.at(-1)[1])} at last`).join("; ")}.`;

function node(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}
