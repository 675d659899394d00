// Published systems and ours as rows with the same columns.
export const METRICS = [
  ["segmentation.dice", "Dice", 1], ["segmentation.iou", "IoU", 1], ["segmentation.miou_weighted", "Weighted IoU", 1],
  ["segmentation.pixel_accuracy", "Pixel accuracy", 1], ["segmentation.false_mask_rate", "False masks", -1],
  ["classification.accuracy", "Accuracy", 1], ["classification.f1_macro", "F1", 1], ["classification.precision_macro", "Precision", 1],
  ["classification.recall_macro", "Recall", 1], ["joint.both_right", "Both right", 1],
];

export const fromPublished = (rows) => rows.map((row) => ({ ...row, ours: false, source: row.document }));

/** A row a run and a part of it. */
export const fromRuns = (runs) => runs.flatMap((run) => Object.entries(run.metrics).map(([part, sections]) => ({
  ours: true, system: run.name, source: "measured here", part,
  dataset: `${run.sources.join(", ") || "?"}, ${run.protocol ?? "?"} split`,
  values: Object.fromEntries(METRICS.map(([key]) => {
    const [section, name] = key.split(".");
    return [key, sections[section]?.[name] ?? null];
  })),
})));

/** A row a part that a model package tells of; it holds no intervals. */
export const fromModels = (models) => models.flatMap((model) => Object.entries(model.metrics ?? {}).map(([part, told]) => ({
  ours: true, system: model.name, source: "the model package", part, dataset: model.provenance.attribution || "?",
  values: Object.fromEntries(METRICS.map(([key]) => [key, numberOf(told[key.split(".")[1]])])),
})));

const numberOf = (value) => (typeof value === "number" ? { value } : null);

/** @param by a key of METRICS, or `system`, `source`, `dataset`, `part`. Rows without the number come last, whichever way. */
export function sorted(rows, by, falling) {
  const value = (row) => (by in row ? row[by] : row.values[by]?.value ?? null);
  const way = falling ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [one, other] = [value(a), value(b)];
    if (one === null || other === null) return (one === null) - (other === null);
    return way * (typeof one === "string" ? one.localeCompare(other) : one - other);
  });
}
