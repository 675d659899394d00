// Wires between boxes as SVG: straight where boxes stand in one row or one column, else with one corner.
const TIP = 7;

/**
 * Draw the wires anew, from where the boxes stand now.
 * @param svg that lies under the boxes. @param wires `{from, to, shape}`: two elements, and the classes of the wire.
 */
export function drawWires(svg, wires) {
  const ground = svg.parentElement.getBoundingClientRect();
  const place = (box) => {
    const { left, top, width, height } = box.getBoundingClientRect();
    return { x: left - ground.left + width / 2, y: top - ground.top + height / 2, width, height };
  };
  svg.setAttribute("viewBox", `0 0 ${ground.width} ${ground.height}`);
  svg.replaceChildren(...wires.flatMap(({ from, to, shape }) => {
    const [path, tip] = route(place(from), place(to));
    return [node("path", { d: path, class: `wire ${shape}` }), node("path", { d: tip, class: `tip ${shape}` })];
  }));
}

/** From box to box: the path, and the tip of its arrow. */
function route(a, b) {
  const [across, along] = [Math.sign(b.x - a.x), Math.sign(b.y - a.y)];
  const apart = (axis, size) => Math.abs(a[axis] - b[axis]) > Math.min(a[size], b[size]) / 2;
  if (!apart("y", "height")) {
    const x = b.x - (across * b.width) / 2;
    return [`M${a.x + (across * a.width) / 2} ${a.y} H${x - across * TIP}`, arrow(x, a.y, across, 0)];
  }
  const y = b.y - (along * b.height) / 2;
  const start = apart("x", "width") ? `M${a.x + (across * a.width) / 2} ${a.y} H${b.x}` : `M${b.x} ${a.y + (along * a.height) / 2}`;
  return [`${start} V${y - along * TIP}`, arrow(b.x, y, 0, along)];
}

function arrow(x, y, across, along) {
  const [backX, backY, wide] = [x - across * TIP, y - along * TIP, TIP / 2];
  return `M${x} ${y} L${backX - along * wide} ${backY - across * wide} L${backX + along * wide} ${backY + across * wide} Z`;
}

function node(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
