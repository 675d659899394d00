// A slice and what runs say of it, as a row of the list and in the words below its pictures.
import { make, nameOf } from "../answer.js";
import { faults } from "../slices.js";

/** @param node of the list. @param item of `pair`. */
export function fillRow(node, item) {
  const [row] = item.sides;
  const bars = item.sides.filter(Boolean).map((side) => {
    const bar = make("span", { class: `bar${side.dice == null ? " none" : ""}` });
    bar.style.setProperty("--share", side.dice ?? 0);
    return make("span", { class: "dice" }, bar, make("span", { class: "number", text: side.dice == null ? "–" : side.dice.toFixed(2) }));
  });
  const wrong = [...new Set(item.sides.filter(Boolean).flatMap(faults))];
  node.append(
    make("span", { class: "name", text: item.id, title: item.id }), make("span", { class: "dices" }, ...bars),
    make("span", { class: "what quiet", text: [row.label && nameOf(row.label), row.plane].filter(Boolean).join(", ") }),
    make("span", { class: "faults", text: wrong.join(", ") }),
  );
}

/** @param row of a run. @param name of the run. @returns texts, some of them empty. */
export function told(row, name) {
  const chance = row[`p_${row.predicted}`];
  return [
    name, row.predicted && `${nameOf(row.predicted)}${chance == null ? "" : ` ${(100 * chance).toFixed(1)} %`}`,
    row.dice != null && `Dice ${row.dice.toFixed(3)}`, row.hd95_px != null && `HD95 ${row.hd95_px.toFixed(1)} px`,
    faults(row).join(", "),
  ];
}
