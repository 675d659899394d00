// A slice decoded to numbers: its grey values, its mask, and the probability of every pixel.

/** @param row of the API, with `picture`, `mask` and `mask_probability` as data: addresses or null. */
export async function decodeSlice(row) {
  const [grey, mask, shades] = await Promise.all([row.picture, row.mask, row.mask_probability].map(values));
  return { width: row.width, height: row.height, grey, shades, answered: mask && mask.map((value) => value > 127) };
}

/** The mask at a threshold; at the model's own it is the answer's mask, which a scan's neighbours have mended. */
export function maskAt(slice, threshold, own) {
  if (!slice.shades || Math.abs(threshold - own) < 1e-6) return slice.answered;
  return slice.shades.map((shade) => shade > 255 * threshold);
}

export const countPixels = (mask) => (mask ? mask.reduce((sum, marked) => sum + marked, 0) : null);

/** The outline of a mask along the sides of its pixels, as a path in the slice's pixels. */
export function outline(mask, width, height) {
  const path = new Path2D();
  const marked = (x, y) => x >= 0 && y >= 0 && x < width && y < height && mask[y * width + x];
  const line = (x, y, dx, dy) => (path.moveTo(x, y), path.lineTo(x + dx, y + dy));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!mask[y * width + x]) continue;
      if (!marked(x, y - 1)) line(x, y, 1, 0);
      if (!marked(x, y + 1)) line(x, y + 1, 1, 0);
      if (!marked(x - 1, y)) line(x, y, 0, 1);
      if (!marked(x + 1, y)) line(x + 1, y, 0, 1);
    }
  }
  return path;
}

async function values(address) {
  if (!address) return null;
  const image = new Image();
  image.src = address;
  await image.decode();
  return shades(image, image.naturalWidth, image.naturalHeight);
}

/** @param blob a grey PNG. @returns its width, height and values. */
export async function decodeLayer(blob) {
  const image = await createImageBitmap(blob);
  return { width: image.width, height: image.height, values: shades(image, image.width, image.height) };
}

function shades(image, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  drawing.drawImage(image, 0, 0);
  const colours = drawing.getImageData(0, 0, canvas.width, canvas.height).data;
  return Uint8Array.from({ length: colours.length / 4 }, (_, pixel) => colours[4 * pixel]);
}
