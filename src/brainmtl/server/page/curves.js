// Learning curves of one or two runs.
import { chart } from "./chart.js";

/** @param sides `{name, log}` of each run. @returns charts of loss and score, those that have points. */
export function curves(sides) {
  const along = (column, what, dashed) => sides.map(({ name, log }, side) => ({
    name: sides.length > 1 ? `${name}: ${what}` : what, colour: side + 1, dashed,
    points: log.filter((row) => column in row).map((row) => [row.epoch, row[column]]),
  }));
  return [
    chart("Loss by epoch", [...along("train_loss", "training", true), ...along("validation_loss", "validation", false)]),
    chart("Validation score by epoch", [...along("validation_dice", "Dice", false), ...along("validation_accuracy", "accuracy", true)]),
  ].filter(Boolean);
}
