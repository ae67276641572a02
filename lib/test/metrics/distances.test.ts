import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FloatArray, Pictures } from "../../src/data/image-set.js";
import {
  floorOf,
  floorOfDifference,
  frechetDistance,
  frechetDistanceOfGaussians,
  gaussianOf,
  kid,
  kidOfSubsets,
  memorisation,
  memorisationFloor,
  ssim,
  ssimPerPicture,
  symmetricEigen,
} from "../../src/metrics/index.js";
import { createRandom } from "../../src/random.js";
import { fixtures, floats, randomBytes } from "./fixtures.js";

const normal = (shape: [number, number], seed: number, map = (value: number) => value): FloatArray => {
  const data = createRandom(seed).fillNormal(new Float32Array(shape[0] * shape[1]));
  return { data: data.map(map), shape };
};

const broken = { data: Float32Array.of(1, Number.NaN, 2, 3), shape: [2, 2] };

describe("ssim", () => {
  const pictures = (data: Uint8Array, [height, width, channels]: [number, number, number]): Pictures => ({
    data,
    shape: [1, height, width, channels],
  });

  it("agrees with scikit-image", () => {
    for (const { seed, shape, strength, ssim: expected } of fixtures.ssim) {
      const original = randomBytes(seed, shape[0] * shape[1] * shape[2]);
      const noise = randomBytes(seed + 100, original.length);
      const other = original.map((value, index) =>
        Math.min(255, value + Math.floor((noise[index] as number) / strength)),
      );
      expect(ssim(pictures(original, shape), pictures(other, shape))).toBeCloseTo(expected, 10);
    }
  });

  it("is 1 for equal pictures, symmetric, and at most 1", () => {
    const [first, second] = [randomBytes(1, 2 * 144), randomBytes(2, 2 * 144)].map((data) => ({
      data,
      shape: [2, 12, 12, 1] as const,
    })) as [Pictures, Pictures];
    expect(ssim(first, first)).toBeCloseTo(1, 12);
    expect(ssim(first, second)).toBeCloseTo(ssim(second, first), 12);
    expect(Math.abs(ssim(first, second))).toBeLessThan(0.4);
    const each = ssimPerPicture(first, second);
    expect(each).toHaveLength(2);
    expect(ssim(first, second)).toBeCloseTo(((each[0] as number) + (each[1] as number)) / 2, 12);
  });

  it("has the closed form of two flat pictures: what their means share", () => {
    const flat = (value: number) => pictures(new Uint8Array(121).fill(value), [11, 11, 1]);
    const c1 = (0.01 * 255) ** 2;
    expect(ssim(flat(50), flat(100))).toBeCloseTo((2 * 50 * 100 + c1) / (50 ** 2 + 100 ** 2 + c1), 10);
  });

  it("refuses pictures that the window does not fit into", () => {
    const small = pictures(new Uint8Array(10 * 20), [10, 20, 1]);
    expect(() => ssim(small, small)).toThrow(/shorter side: 10 given, at least 11/);
    const other = pictures(new Uint8Array(121), [11, 11, 1]);
    expect(() => ssim(small, other)).toThrow(expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }));
  });
});

describe("symmetricEigen", () => {
  it("has numpy's eigenvalues", () => {
    const { data } = floats(21, [12, 12]);
    const matrix = new Float64Array(144);
    for (let row = 0; row < 12; row++) {
      for (let column = 0; column < 12; column++) {
        for (let index = 0; index < 12; index++) {
          matrix[row * 12 + column] =
            (matrix[row * 12 + column] as number) +
            (data[row * 12 + index] as number) * (data[column * 12 + index] as number);
        }
      }
    }
    const values = symmetricEigen(matrix, 12).values.sort();
    for (const [index, value] of values.entries())
      expect(value).toBeCloseTo(fixtures.eigenvalues[index] as number, 11);
  });

  it("takes any symmetric matrix apart: orthonormal vectors that give it back", () => {
    const sizes = fc.integer({ min: 1, max: 9 });
    const kinds = fc.constantFrom("full", "sparse", "low rank", "zero");
    fc.assert(
      fc.property(sizes, kinds, fc.nat(1000), (size, kind, seed) => {
        const random = createRandom(seed);
        const matrix = new Float64Array(size * size);
        const direction = Array.from({ length: size }, () => random.normal());
        for (let row = 0; row < size; row++) {
          for (let column = 0; column <= row; column++) {
            const value = {
              full: random.normal(),
              sparse: random.uniform() < 0.3 ? random.integer(-2, 2) : 0,
              "low rank": (direction[row] as number) * (direction[column] as number),
              zero: 0,
            }[kind];
            matrix[row * size + column] = value;
            matrix[column * size + row] = value;
          }
        }
        const { values, vectors } = symmetricEigen(matrix, size);
        for (let row = 0; row < size; row++) {
          for (let column = 0; column < size; column++) {
            let [product, restored] = [0, 0];
            for (let index = 0; index < size; index++) {
              product += (vectors[row * size + index] as number) * (vectors[column * size + index] as number);
              restored +=
                (vectors[index * size + row] as number) *
                (values[index] as number) *
                (vectors[index * size + column] as number);
            }
            expect(product).toBeCloseTo(row === column ? 1 : 0, 10);
            expect(restored).toBeCloseTo(matrix[row * size + column] as number, 10);
          }
        }
      }),
      { seed: 1, numRuns: 80 },
    );
  });
});

describe("symmetricEigen's limits", () => {
  it("keeps very large and very small numbers apart, and refuses what is no matrix", () => {
    for (const scale of [1e-200, 1e200]) {
      const { values } = symmetricEigen(Float64Array.of(2 * scale, scale, scale, 2 * scale), 2);
      const [low, high] = [...values].sort((a, b) => a - b);
      expect((low as number) / scale).toBeCloseTo(1, 12);
      expect((high as number) / scale).toBeCloseTo(3, 12);
    }
    expect(() => symmetricEigen(new Float64Array(3), 2)).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    expect(() => symmetricEigen(Float64Array.of(1, Number.NaN, 2, 1), 2)).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE" }),
    );
  });
});

describe("frechetDistance", () => {
  it("agrees with clean-fid, torch-fidelity and numpy's covariance, singular covariances included", () => {
    const { mean, covariance } = gaussianOf(floats(51, [20, 3]));
    expect(mean).toHaveLength(3);
    for (const [index, value] of covariance.entries())
      expect(value).toBeCloseTo(fixtures.covariance[index] as number, 12);
    for (const { first, second, distance } of fixtures.frechet) {
      const result = frechetDistance(
        floats(11, first),
        floats(12, second, (value) => 0.7 * value + 0.2),
      );
      expect(Math.abs(result - distance)).toBeLessThan(1e-6); // sqrtm of a singular product is no better
    }
  });

  it("has the closed form of Gaussians whose covariances commute", () => {
    const gaussian = (mean: number[], variances: number[]) => {
      const covariance = new Float64Array(9);
      for (const [index, variance] of variances.entries()) covariance[4 * index] = variance;
      return { mean: Float64Array.from(mean), covariance };
    };
    // Sum of (difference of means)^2 and (difference of standard deviations)^2.
    const [first, second] = [gaussian([0, 1, 2], [1, 4, 9]), gaussian([3, 1, 0], [4, 4, 0])];
    expect(frechetDistanceOfGaussians(first, second)).toBeCloseTo(9 + 4 + 1 + 0 + 9, 12);
    expect(frechetDistanceOfGaussians(first, first)).toBeCloseTo(0, 10);
  });

  it("is symmetric, sees a shift as its squared length, and does not see a common rotation", () => {
    const first = normal([60, 4], 1);
    const second = normal([60, 4], 2, (value) => 1.5 * value);
    const distance = frechetDistance(first, second);
    expect(frechetDistance(second, first)).toBeCloseTo(distance, 10);
    const shifted = { ...first, data: first.data.map((value, index) => value + (index % 4)) };
    expect(frechetDistance(first, shifted)).toBeCloseTo(0 + 1 + 4 + 9, 4);
    const rotate = ({ data, shape }: FloatArray) => {
      const [cosine, sine] = [Math.cos(0.7), Math.sin(0.7)];
      const turned = data.map((value, index) => {
        if (index % 4 === 0) return cosine * value - sine * (data[index + 3] as number);
        if (index % 4 === 3) return sine * (data[index - 3] as number) + cosine * value;
        return value;
      });
      return { data: turned, shape };
    };
    expect(frechetDistance(rotate(first), rotate(second))).toBeCloseTo(distance, 5);
  });

  it("says what is wrong", () => {
    const fine = normal([4, 2], 1);
    expect(() => frechetDistance(fine, broken)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
    expect(() => frechetDistance(fine, normal([4, 3], 1))).toThrow(/\[4,2\], second features \[4,3\]/);
    expect(() => frechetDistance(fine, normal([1, 2], 1))).toThrow(/second features: 1 given, at least 2/);
    expect(() => frechetDistance(fine, { ...fine, shape: [5, 2] })).toThrow(/this is \[5,2\] with 8 values/);
  });
});

describe("kid", () => {
  const first = floats(31, [50, 9]);
  const second = floats(32, [50, 9], (value) => 0.5 * value + 0.1);

  it("agrees with torch-fidelity and clean-fid", () => {
    expect(kid(first, second)).toBeCloseTo(fixtures.kid, 8);
    expect(kidOfSubsets(first, second, { subsets: 3, subsetSize: 50 }).mean).toBeCloseTo(fixtures.kid, 8);
  });

  it("counts every pair once, by hand", () => {
    const numbers = (values: number[]) => ({ data: Float32Array.from(values), shape: [values.length, 1] });
    // Within: (0 * 1 + 1)^3 = 1 and (1 * 2 + 1)^3 = 27; between: 1, 1, 8, 27.
    expect(kid(numbers([0, 1]), numbers([1, 2]))).toBeCloseTo(1 + 27 - (2 * (1 + 1 + 8 + 27)) / 4, 12);
  });

  it("has no bias: equal distributions give 0 on average, unlike the Frechet distance", () => {
    const repetitions = Array.from(
      { length: 120 },
      (_, seed) => [normal([20, 3], 2 * seed), normal([30, 3], 2 * seed + 1)] as const,
    );
    const values = repetitions.map(([a, b]) => kid(a, b));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const std = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    expect(Math.abs(mean)).toBeLessThan((4 * std) / Math.sqrt(values.length));
    expect(Math.min(...repetitions.map(([a, b]) => frechetDistance(a, b)))).toBeGreaterThan(0);
  });

  it("varies between subsets around its value on all, the same way for the same seed", () => {
    const options = { subsets: 200, subsetSize: 25, seed: 3 };
    const { mean, std, values } = kidOfSubsets(first, second, options);
    expect(values).toHaveLength(200);
    expect(std).toBeGreaterThan(0);
    expect(Math.abs(mean - fixtures.kid)).toBeLessThan((4 * std) / Math.sqrt(200));
    expect(kidOfSubsets(first, second, options)).toEqual({ mean, std, values });
    expect(kidOfSubsets(first, second, { ...options, seed: 4 }).values).not.toEqual(values);
  });

  it("says what is wrong", () => {
    expect(() => kidOfSubsets(first, second)).toThrow(/first features: 50 given, at least 1000/);
    expect(() => kid(normal([1, 2], 1), normal([3, 2], 1))).toThrow(/first features: 1 given/);
    expect(() => kid(broken, broken)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
  });
});

describe("memorisation", () => {
  const train = normal([60, 5], 1);
  const heldOut = normal([40, 5], 2);

  it("is about 1 and one half for fresh samples, though the sets differ in size", () => {
    const { ratio, closerToTrain } = memorisation({ generated: normal([200, 5], 3), train, heldOut });
    expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
    expect(Math.abs(closerToTrain - 0.5)).toBeLessThan(0.15);
  });

  it("sees copies of training samples, and copies with a little noise", () => {
    const copies = { data: train.data.slice(0, 100), shape: [20, 5] };
    const same = { data: train.data.slice(0, 200), shape: [40, 5] };
    expect(memorisation({ generated: copies, train: same, heldOut })).toEqual({ ratio: 0, closerToTrain: 1 });
    const noise = createRandom(5);
    const near = { ...copies, data: copies.data.map((value) => value + 0.05 * noise.normal()) };
    const { ratio, closerToTrain } = memorisation({ generated: near, train: same, heldOut });
    expect(ratio).toBeLessThan(0.2);
    expect(closerToTrain).toBe(1);
    expect(memorisation({ generated: copies, train: same, heldOut: same })).toEqual({
      ratio: 1,
      closerToTrain: 0.5,
    });
  });

  it("finds the nearest by hand, in rows longer than a stride", () => {
    const row = (value: number) => new Array<number>(100).fill(0).concat([value]);
    const rows = (...values: number[]) => ({
      data: Float32Array.from(values.flatMap(row)),
      shape: [values.length, 101],
    });
    expect(memorisation({ generated: rows(0, 10), train: rows(-1, 30), heldOut: rows(4, 9) })).toEqual({
      ratio: (1 + 11) / (4 + 1),
      closerToTrain: 0.5,
    });
  });

  it("looks at all of a row that is near at first", () => {
    const rows = (first: number, last: number) => {
      const data = new Float32Array(101);
      data.set([first]);
      data.set([last], 100);
      return { data, shape: [1, 101] };
    };
    const { ratio } = memorisation({ generated: rows(0, 0), train: rows(3, 4), heldOut: rows(10, 0) });
    expect(ratio).toBeCloseTo(5 / 10, 12);
  });

  it("has a floor, of thirds of true samples: 1 and one half", () => {
    const { ratio, closerToTrain } = memorisationFloor(normal([241, 5], 6), { repeats: 40 });
    for (const [floor, expected] of [
      [ratio, 1],
      [closerToTrain, 0.5],
    ] as const) {
      expect(floor.values).toHaveLength(40);
      expect(floor.samplesPerSide).toBe(80);
      expect(floor.std).toBeGreaterThan(0);
      expect(Math.abs(floor.mean - expected)).toBeLessThan((4 * floor.std) / Math.sqrt(40));
    }
    expect(() => memorisationFloor(normal([5, 2], 1))).toThrow(/samples: 5 given, at least 6/);
  });

  it("takes pictures as well, and says what is wrong", () => {
    const picture = { data: new Uint8Array(12), shape: [1, 2, 2, 3] } as const;
    expect(memorisation({ generated: picture, train: picture, heldOut: picture }).ratio).toBe(1);
    expect(() => memorisation({ generated: broken, train, heldOut })).toThrow(
      expect.objectContaining({ code: "ERR_NOT_FINITE" }),
    );
    expect(() => memorisation({ generated: train, train, heldOut: normal([2, 4], 1) })).toThrow(
      expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
    );
    const none = { data: new Float32Array(0), shape: [0, 5] };
    expect(() => memorisation({ generated: train, train, heldOut: none })).toThrow(/heldOut: 0 given/);
  });
});

describe("floorOf", () => {
  it("compares random halves without a sample in both", () => {
    const samples = { data: Float32Array.from({ length: 21 }, (_, index) => index), shape: [7, 3] };
    const seen: number[][] = [];
    const floor = floorOf(
      (first, second) => {
        expect([first.shape, second.shape]).toEqual([
          [3, 3],
          [3, 3],
        ]);
        const rows = [...first.data, ...second.data].filter((_, index) => index % 3 === 0);
        seen.push(rows);
        return rows[0] as number;
      },
      samples,
      { repeats: 5, seed: 1 },
    );
    for (const rows of seen) {
      expect(new Set(rows).size).toBe(6);
      expect(rows.every((value) => value % 3 === 0)).toBe(true);
    }
    expect(new Set(seen.map((rows) => rows.join())).size).toBeGreaterThan(1);
    expect(floor.values).toEqual(seen.map(([value]) => value));
    expect(floor).toMatchObject({
      samplesPerSide: 3,
      mean: floor.values.reduce((sum, value) => sum + value, 0) / 5,
    });
  });

  it("is 0 on average for kid, and the bias of the Frechet distance, which goes with 1 / count", () => {
    const samples = normal([400, 4], 7);
    const ofKid = floorOf(kid, samples);
    expect(Math.abs(ofKid.mean)).toBeLessThan(4 * ofKid.std);
    const half = floorOf(frechetDistance, samples);
    const quarter = floorOf(frechetDistance, { data: samples.data.slice(0, 400), shape: [100, 4] });
    expect(quarter.mean / half.mean).toBeGreaterThan(2); // about four times
    expect(quarter.mean / half.mean).toBeLessThan(7);
  });

  it("is for a metric of one set how far its halves are apart, never below 0, less with more samples", () => {
    const mean = ({ data }: FloatArray) => data.reduce((sum, value) => sum + value, 0) / data.length;
    const two = { data: Float32Array.of(1, 1, 4, 4), shape: [4, 1] };
    for (const value of floorOfDifference(mean, two, { repeats: 8 }).values) expect([0, 3]).toContain(value);
    const many = floorOfDifference(mean, normal([4000, 1], 3), { repeats: 200 });
    const few = floorOfDifference(mean, normal([400, 1], 3), { repeats: 200 });
    expect(few.samplesPerSide).toBe(200);
    // |a normal number| of variance 2 / samplesPerSide has the mean sqrt(4 / (pi samplesPerSide)).
    expect(few.mean / Math.sqrt(4 / (Math.PI * 200))).toBeCloseTo(1, 0);
    expect(few.mean / many.mean).toBeGreaterThan(2); // about sqrt(10)
    expect(() => floorOfDifference(mean, normal([3, 1], 1))).toThrow(/samples: 3 given, at least 4/);
  });

  it("waits for a metric that has to wait, one division after the other, and says the same", async () => {
    const samples = normal([20, 2], 9);
    let running = 0;
    const later = async (value: number) => {
      running += 1;
      expect(running).toBe(1);
      await sleep(1);
      running -= 1;
      return value;
    };
    const waited = await floorOf(async (first, second) => later(kid(first, second)), samples, { repeats: 3 });
    expect(waited).toEqual(floorOf(kid, samples, { repeats: 3 }));
    const mean = ({ data }: FloatArray) => data.reduce((sum, value) => sum + value, 0) / data.length;
    const difference = await floorOfDifference(async (some) => later(mean(some)), samples);
    expect(difference).toEqual(floorOfDifference(mean, samples));
    const failing = floorOf(() => Promise.reject(new Error("no")), samples);
    await expect(failing).rejects.toThrow("no");
  });

  it("takes pictures, and needs two samples a side", () => {
    const data = randomBytes(1, 6 * 121);
    expect(floorOf(ssim, { data, shape: [6, 11, 11, 1] }, { repeats: 3 }).mean).toBeLessThan(0.3);
    expect(() => floorOf(kid, normal([3, 2], 1))).toThrow(/samples: 3 given, at least 4/);
    expect(() => floorOf(kid, broken)).toThrow(expect.objectContaining({ code: "ERR_NOT_FINITE" }));
  });
});
