// How unsure the network is of a pixel: the entropy of its probability, in bits, from 0 (certain) to 1 (one half).
const LIKELY = [0.1, 0.9];

/** Entropy of each of the 256 shades that a probability comes in. */
export const ENTROPY = Float32Array.from({ length: 256 }, (_, shade) => entropy(shade / 255));

/** @param shades probabilities of the pixels, 0 to 255. @returns how many lie from 10 to 90 %, or null. */
export function countUnsure(shades) {
  const [low, high] = LIKELY.map((share) => 255 * share);
  return shades && shades.reduce((sum, shade) => sum + (shade >= low && shade <= high), 0);
}

function entropy(chance) {
  return [chance, 1 - chance].reduce((sum, one) => sum - (one > 0 ? one * Math.log2(one) : 0), 0);
}
