export type Theme = "light" | "dark";
export type ColourMap = "signed" | "magnitude";

/**
 * Control points, equidistant from one end of the range to the other. Lightness is linear in OKLab and equal for both
 * signs; zero has the colour of the page, so that ink means departure from zero.
 */
const controlPoints: Record<ColourMap, Record<Theme, string>> = {
  signed: {
    light: "#0e3d70 #1e60a2 #3e85cc #72ace5 #b1d2f2 #f6f6f6 #eac6a9 #d89664 #bd692b #944406 #662700",
    dark: "#b3d9fe #6bb2f1 #3b8bc8 #266592 #234157 #1e1e1e #4e391c #825515 #b57526 #df9b59 #ffc79b",
  },
  magnitude: {
    light: "#f5f7f5 #cddfcf #a3c8ae #77b094 #48987f #057f6c #02625a #014645 #002d30",
    dark: "#1c1f1f #1f3937 #21544d #28705e #3c8c6d #5ba87b #81c289 #aedaa2 #d8f2bf",
  },
};

/** Odd, so that zero has an entry of its own in a signed map. */
export const tableSize = 257;

/** Red, green, blue of `tableSize` colours, one after the other; interpolated linearly in sRGB. */
export function colourTable(map: ColourMap, theme: Theme): Uint8Array {
  const points = controlPoints[map][theme].split(" ").map(parseHex);
  const table = new Uint8Array(3 * tableSize);
  for (let entry = 0; entry < tableSize; entry++) {
    const position = (entry / (tableSize - 1)) * (points.length - 1);
    const left = Math.min(points.length - 2, Math.floor(position));
    const weight = position - left;
    for (let component = 0; component < 3; component++) {
      const from = points[left]?.[component] ?? 0;
      const to = points[left + 1]?.[component] ?? 0;
      table[3 * entry + component] = Math.round(from + (to - from) * weight);
    }
  }
  return table;
}

/** Entry of a signed table for `value` in `[-range, range]`; values outside take the end's colour, NaN takes zero's. */
export function signedEntry(value: number, range: number): number {
  const share = Number.isNaN(value) || range <= 0 ? 0.5 : 0.5 + (0.5 * value) / range;
  return Math.round(Math.min(1, Math.max(0, share)) * (tableSize - 1));
}

/** The smallest "round" number not below `largest`: the end of a symmetric range whose half is a tick too. */
export function roundUpToTick(largest: number): number {
  if (!(largest > 0) || !Number.isFinite(largest)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(largest));
  const steps = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];
  // Without the small slack 3 could become 4 by a rounding error of the division.
  const step = steps.find((candidate) => candidate * magnitude >= largest * (1 - 1e-9)) ?? 10;
  return Number((step * magnitude).toPrecision(12));
}

function parseHex(colour: string): [number, number, number] {
  const value = Number.parseInt(colour.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}
