// Slices of one or two runs as rows beside each other: what went wrong with them, which are wanted, in what order.
export const CLASSES = ["glioma", "meningioma", "pituitary", "no_tumor"];
export const GOOD_DICE = 0.5;
const HEALTHY = "no_tumor";

/** The first run's rows, each with its number and, of the same slice, the second run's. */
export function pair(first, second) {
  const others = new Map((second ?? []).map((row, number) => [row.id, { ...row, number }]));
  return first.map((row, number) => ({ id: row.id, sides: [{ ...row, number }, others.get(row.id) ?? null] }));
}

/** What is wrong with a row, in words; nothing where nothing is. */
export function faults(row) {
  const painted = row.predicted_px > 0;
  return [
    row.miss && "missed",
    row.right === false && !row.miss && "wrong class",
    row.dice != null && row.dice < GOOD_DICE && (painted ? "poor mask" : "no mask"),
    row.label === HEALTHY && painted && "false mask",
  ].filter(Boolean);
}

const either = (test) => (item) => item.sides.some((row) => row && test(row));
const disagree = ([a, b]) => b && (a.predicted !== b.predicted || Math.abs((a.dice ?? 0) - (b.dice ?? 0)) >= 0.1);
/** Name → which slices: where two runs are shown, one of them suffices. */
export const KINDS = {
  "any": () => true,
  "any fault": either((row) => faults(row).length > 0),
  ...Object.fromEntries(["missed", "wrong class", "poor mask", "no mask", "false mask"].map((fault) =>
    [fault, either((row) => faults(row).includes(fault))])),
  "no fault": (item) => item.sides.every((row) => !row || !faults(row).length),
  "the runs disagree": (item) => Boolean(disagree(item.sides)),
};

const sure = (row) => row[`p_${row.label}`] ?? 1;
const worst = ({ sides }) => Math.min(...sides.filter(Boolean).map((row) => (row.dice ?? sure(row)) - faults(row).length));
const gap = ({ sides: [a, b] }) => (b ? (a.dice ?? 0) - (b.dice ?? 0) : 0);
const likeliest = ({ sides: [row] }) => Math.max(...CLASSES.map((name) => row[`p_${name}`] ?? 0));
/** Name → what slices are ordered by, smallest first. */
export const ORDERS = {
  "worst first": worst,
  "best first": (item) => -worst(item),
  "least sure first": likeliest,
  "second run better": gap,
  "first run better": (item) => -gap(item),
  "as listed": () => 0,
};

/** Columns that tell slices apart. */
export const STRATA = ["label", "plane", "leaked", "size", "lesions", "source"];

/**
 * @param wanted of each of STRATA a value as text ("" for any), `kind` of KINDS, `low` and `high`
 *   of the first run's Dice, `text` in the name, `cell` of a confusion matrix (`{side, label, predicted}` or null).
 */
export function choose(items, wanted) {
  const fits = (row, name) => wanted[name] === "" || String(row[name]) === wanted[name];
  const whole = wanted.low <= 0 && wanted.high >= 1;
  return items.filter((item) => {
    const [row] = item.sides;
    const inRange = whole || (row.dice != null && row.dice >= wanted.low && row.dice <= wanted.high);
    return inRange && STRATA.every((name) => fits(row, name))
      && KINDS[wanted.kind](item) && item.id.toLowerCase().includes(wanted.text.toLowerCase());
  });
}

export const inCell = (item, cell) => {
  const row = cell && item.sides[cell.side];
  return !cell || (row?.label === cell.label && row?.predicted === cell.predicted);
};

export function order(items, by) {
  const value = new Map(items.map((item) => [item, ORDERS[by](item)]));
  return [...items].sort((a, b) => value.get(a) - value.get(b) || a.sides[0].number - b.sides[0].number);
}

/** Counts of true class × called class; null where no class was called. */
export function confusion(items, side) {
  const rows = items.map((item) => item.sides[side]).filter((row) => row?.label && row.predicted);
  if (!rows.length) return null;
  const count = (label, predicted) => rows.filter((row) => row.label === label && row.predicted === predicted).length;
  return CLASSES.map((label) => CLASSES.map((predicted) => count(label, predicted)));
}
