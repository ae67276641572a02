import { glyphSize, glyphStrokes } from "./glyphs.js";

export type Rgb = [red: number, green: number, blue: number];

/** Difference of the largest and the smallest channel; true strokes have 0.63 and more. Below this there is no hue. */
const leastChroma = 0.2;

/**
 * What the ink of a glyph adds to its surroundings, channel by channel. Stripes are grey and ink is not: what stripes
 * add to all channels does not change the hue.
 *
 * @param values `[size, size, 3]`
 * @param top position of the glyph, with room for a ring of one pixel round it
 */
export function inkOf(values: Float32Array, size: number, glyph: number, top: number, left: number): Rgb {
  const all: Rgb = [0, 0, 0];
  const inked: Rgb = [0, 0, 0];
  const strokes = glyphStrokes[glyph] ?? [];
  for (let y = top - 1; y <= top + glyphSize; y++) {
    for (let x = left - 1; x <= left + glyphSize; x++) addPixel(all, values, (y * size + x) * 3);
  }
  for (const { x, y } of strokes) addPixel(inked, values, ((top + y) * size + left + x) * 3);
  const bare = (glyphSize + 2) ** 2 - strokes.length;
  return inked.map((sum, channel) => sum / strokes.length - ((all[channel] as number) - sum) / bare) as Rgb;
}

function addPixel(sum: Rgb, values: Float32Array, start: number): void {
  for (let channel = 0; channel < 3; channel++) {
    sum[channel] = (sum[channel] as number) + (values[start + channel] as number);
  }
}

/** The hue of the HSV model in turns, `[0, 1)`; undefined where a colour has too little of it to tell. */
export function hueOf([red, green, blue]: Rgb): number | undefined {
  const largest = Math.max(red, green, blue);
  const chroma = largest - Math.min(red, green, blue);
  if (chroma < leastChroma) return undefined;
  if (largest === red) return ((green - blue) / chroma / 6 + 1) % 1;
  if (largest === green) return (blue - red) / chroma / 6 + 1 / 3;
  return (red - green) / chroma / 6 + 2 / 3;
}

/** Distance of two hues round the circle, in turns: 0 to 1/2. */
export function hueDistance(first: number, second: number): number {
  const distance = Math.abs(first - second) % 1;
  return Math.min(distance, 1 - distance);
}

/** The mean colour; undefined without colours. */
export function meanColour(colours: readonly Rgb[]): Rgb | undefined {
  if (colours.length === 0) return undefined;
  const mean = (channel: number) => {
    return colours.reduce((sum, colour) => sum + (colour[channel] as number), 0) / colours.length;
  };
  return [mean(0), mean(1), mean(2)];
}
