import { stripeDirections, stripePeriod } from "./layout.js";

/** The stripes of a picture, by least squares: `mean + amplitude sin(frequency (direction . position) + phase)`. */
export interface StripeFit {
  /** 0 to 3: the direction that explains most. */
  orientation: number;
  amplitude: number;
  /** In radians, `[0, 2 pi)`. */
  phase: number;
  /** Variance that no stripes of that direction explain. */
  residual: number;
}

/** @param covered pixels that do not count, `[size, size]`, 1 where a stroke lies on the background */
export type FitStripes = (grey: Float32Array, covered: Uint8Array) => StripeFit;

interface Waves {
  sine: Float64Array;
  cosine: Float64Array;
}

/** Prepares the waves for pictures of `size` x `size`. */
export function createStripeFit(size: number): FitStripes {
  const frequency = (2 * Math.PI) / stripePeriod;
  const waves = stripeDirections.map(({ x, y }): Waves => {
    const phases = Float64Array.from({ length: size * size }, (_, index) => {
      return frequency * (x * (index % size) + y * Math.floor(index / size));
    });
    return { sine: phases.map(Math.sin), cosine: phases.map(Math.cos) };
  });

  return (grey, covered) => {
    const { count, mean, variance } = momentsOf(grey, covered);
    let best: StripeFit & { explained: number } = {
      orientation: 0,
      amplitude: 0,
      phase: 0,
      residual: variance,
      explained: Number.NEGATIVE_INFINITY,
    };
    for (const [orientation, wave] of waves.entries()) {
      const { sine, cosine, explained } = fitWave(wave, grey, covered, count, mean);
      if (explained <= best.explained) continue;
      const phase = (Math.atan2(cosine, sine) + 2 * Math.PI) % (2 * Math.PI);
      const residual = Math.max(variance - explained, 0);
      best = { orientation, amplitude: Math.hypot(sine, cosine), phase, residual, explained };
    }
    const { orientation, amplitude, phase, residual } = best;
    return { orientation, amplitude, phase, residual };
  };
}

function momentsOf(
  grey: Float32Array,
  covered: Uint8Array,
): { count: number; mean: number; variance: number } {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let index = 0; index < grey.length; index++) {
    if (covered[index]) continue;
    const value = grey[index] as number;
    count += 1;
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  return { count, mean, variance: squares / count - mean * mean };
}

/** Amplitudes of sine and cosine by the normal equations, about the means of all three, and the variance explained. */
function fitWave(
  { sine, cosine }: Waves,
  grey: Float32Array,
  covered: Uint8Array,
  count: number,
  mean: number,
): { sine: number; cosine: number; explained: number } {
  let s = 0;
  let c = 0;
  let ss = 0;
  let cc = 0;
  let sc = 0;
  let sv = 0;
  let cv = 0;
  for (let index = 0; index < grey.length; index++) {
    if (covered[index]) continue;
    const x = sine[index] as number;
    const y = cosine[index] as number;
    const value = (grey[index] as number) - mean;
    s += x;
    c += y;
    ss += x * x;
    cc += y * y;
    sc += x * y;
    sv += x * value;
    cv += y * value;
  }
  ss -= (s * s) / count;
  cc -= (c * c) / count;
  sc -= (s * c) / count;
  const determinant = ss * cc - sc * sc;
  const sineAmplitude = (sv * cc - cv * sc) / determinant;
  const cosineAmplitude = (cv * ss - sv * sc) / determinant;
  return {
    sine: sineAmplitude,
    cosine: cosineAmplitude,
    explained: (sineAmplitude * sv + cosineAmplitude * cv) / count,
  };
}
