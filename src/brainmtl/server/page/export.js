// What a reader takes along.
const FILES = ["mask", "overlay", "picture", "mask_probability", "nifti", "dicom_seg", "dicom_sr"];

/** The mask as it is shown: 0 and 255, at native size. */
export async function saveMask({ row, slice, mask, moved }) {
  const name = `${stem(row)}${row.slice === null ? "" : `_${String(row.slice).padStart(4, "0")}`}_mask.png`;
  if (!moved && row.mask) return save(row.mask, name);
  const image = new ImageData(slice.width, slice.height);
  mask.forEach((marked, pixel) => image.data.set(marked ? [255, 255, 255, 255] : [0, 0, 0, 255], 4 * pixel));
  const canvas = new OffscreenCanvas(slice.width, slice.height);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return saveBlob(await canvas.convertToBlob({ type: "image/png" }), name);
}

/** The rows as the API answers them, without the files in them. */
export function saveRows(rows) {
  const bare = rows.map((row) => ({ ...row, ...Object.fromEntries(FILES.map((name) => [name, null])) }));
  saveBlob(new Blob([JSON.stringify(bare, null, 2)], { type: "application/json" }), "results.json");
}

/** What a scan has once → the end of its name. */
const OF_SCANS = { nifti: "_mask.nii.gz", dicom_seg: "_seg.dcm", dicom_sr: "_report.dcm" };

export function saveOfScans(rows, field) {
  for (const row of rows) if (row[field]) save(row[field], stem(row) + OF_SCANS[field]);
}

const stem = (row) => row.file.replace(/(\.nii)?\.[^.]*$/, "") || "slice";

function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  save(address, name);
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function save(address, name) {
  const link = document.createElement("a");
  [link.href, link.download] = [address, name];
  link.click();
}
