import { describe, expect, it } from "vitest";
import { paintCard } from "../../../src/data/cards/paint.js";
import { type CardFault, type ParsedCard, parseCards } from "../../../src/data/cards/parse.js";
import { type CardOptions, cards } from "../../../src/data/cards.js";
import { type Pictures, pictures, toPixels } from "../../../src/data/image-set.js";
import { createRandom } from "../../../src/random.js";
import { addNoise, blur, changeEach } from "./damage.js";

const profiles: [string, CardOptions, number][] = [
  ["16 px, grey, 2 x 2", { size: 16, channels: 1 }, 600],
  ["16 px, colour, 2 x 2", { size: 16 }, 600],
  ["32 px, grey, 4 x 4", { size: 32, channels: 1 }, 200],
  ["32 px, colour, 3 x 3", { cells: 3 }, 200],
  ["32 px, colour, 4 x 4", {}, 200],
  ["64 px, colour, 8 x 8", { size: 64 }, 40],
];
const cellsOf = ({ cells }: CardOptions) => (cells === undefined ? {} : { cells });
const angle = (first: number, second: number) => {
  const distance = Math.abs(first - second) % (2 * Math.PI);
  return Math.min(distance, 2 * Math.PI - distance);
};
const turns = (first: number, second: number) =>
  angle(first * 2 * Math.PI, second * 2 * Math.PI) / (2 * Math.PI);
const shareValid = (parsed: ParsedCard[]) => parsed.filter(({ board }) => board).length / parsed.length;

describe.each(profiles)("parseCards, %s", (_name, options, count) => {
  const set = cards({ count, seed: 11, ...options });
  const original = pictures(set);
  const parsed = parseCards(original, cellsOf(options));
  const results = new Map<string, ParsedCard[]>();
  const parseDamaged = (damage: typeof addNoise | typeof blur, strength: number) => {
    const name = `${damage.name} ${strength}`;
    const result = results.get(name) ?? parseCards(damage(original, strength), cellsOf(options));
    results.set(name, result);
    return result;
  };

  it("reads every factor of every true card, and finds no fault", () => {
    for (const [index, card] of parsed.entries()) {
      const truth = set.factors?.[index] as NonNullable<typeof set.factors>[number];
      expect(card).toMatchObject({
        board: { a: truth.a, b: truth.b },
        left: truth.left,
        top: truth.top,
        stripeOrientation: truth.stripeOrientation,
        faults: [],
      });
      expect(Math.abs(card.stripeAmplitude - 0.18)).toBeLessThan(0.03);
      expect(angle(card.stripePhase, truth.stripePhase)).toBeLessThan(0.15);
      if (options.channels === 1) expect([card.hueA, card.hueB]).toEqual([undefined, undefined]);
      else {
        expect(turns(card.hueA ?? Number.NaN, truth.hueA)).toBeLessThan(0.02);
        expect(turns(card.hueB ?? Number.NaN, truth.hueB)).toBeLessThan(0.02);
      }
    }
  });

  // Noise that one hardly sees costs nothing, noise as strong as half a stroke costs most cards; the same for blur.
  it.each([
    [0.1, 0.99, 1],
    [0.2, 0.85, 1], // the more cells, the more likely one is lost: 99 % of boards of 2 x 2, 94 % of 8 x 8
    [0.5, 0, 0.6],
  ])("keeps its judgement under noise of std %f", (std, least, most) => {
    const noisy = parseDamaged(addNoise, std);
    expect(shareValid(noisy)).toBeGreaterThanOrEqual(least);
    expect(shareValid(noisy)).toBeLessThanOrEqual(most);
  });

  it.each([
    [0.5, 0.99, 1],
    [0.7, 0.7, 0.99],
    [1, 0, 0.35],
  ])("tolerates blur that keeps strokes, and none that loses them: sigma %f px", (sigma, least, most) => {
    const blurred = parseDamaged(blur, sigma);
    expect(shareValid(blurred)).toBeGreaterThanOrEqual(least);
    expect(shareValid(blurred)).toBeLessThanOrEqual(most);
  });

  it("hardly ever takes a damaged card for another legal one: it is illegal then", () => {
    for (const damaged of [parseDamaged(addNoise, 0.2), parseDamaged(addNoise, 0.5), parseDamaged(blur, 1)]) {
      const wrong = damaged.filter(({ board }, index) => {
        const truth = set.factors?.[index];
        return board && (board.a !== truth?.a || board.b !== truth.b);
      });
      expect(wrong.length / count).toBeLessThan(0.01);
    }
  });
});

describe("the faults that parseCards names", () => {
  type Drawing = Parameters<typeof paintCard>[1];
  const lawful: Drawing = {
    a: 2,
    b: 5,
    hueA: 0.1,
    hueB: 0.5,
    left: 3,
    top: 3,
    ink: 1.1,
    stripeOrientation: 3,
    stripePhase: 1,
  };
  const draw = (card: Drawing, change?: (values: Float32Array) => void): Pictures => {
    const canvas = { values: new Float32Array(32 * 32 * 3), size: 32, channels: 3 as const, cells: 4 };
    paintCard(canvas, card);
    change?.(canvas.values);
    return { data: toPixels(canvas.values), shape: [1, 32, 32, 3] };
  };
  const faultsOf = (picture: Pictures): CardFault[] => parseCards(picture)[0]?.faults ?? [];
  /** Puts the cell at `row`, `column` of another card into the picture. */
  const patch = (other: Drawing, row: number, column: number) => (values: Float32Array) => {
    const source = new Float32Array(values.length);
    paintCard({ values: source, size: 32, channels: 3, cells: 4 }, other);
    for (let y = 0; y < 7; y++) {
      const start = ((2 + row * 7 + y) * 32 + 2 + column * 7) * 3;
      values.set(source.subarray(start, start + 21), start);
    }
  };

  it("none in a lawful card", () => {
    expect(faultsOf(draw(lawful))).toEqual([]);
  });

  it("one glyph that differs from its kind breaks the copy rule, in any cell", () => {
    for (const [row, column] of [
      [0, 0],
      [1, 3],
      [3, 2],
    ] as const) {
      const other = (row + column) % 2 === 0 ? { ...lawful, a: 4 } : { ...lawful, b: 1 };
      const [card] = parseCards(draw(lawful, patch(other, row, column)));
      expect(card?.faults).toEqual(["copy"]);
      expect(card?.board).toBeUndefined();
      expect(card?.glyphs[row * 4 + column]).toBe((row + column) % 2 === 0 ? 4 : 1);
    }
  });

  it("a glyph that has gone is illegible", () => {
    const [card] = parseCards(draw(lawful, patch({ ...lawful, ink: 0 }, 2, 1)));
    expect(card?.faults).toEqual(["illegible"]);
    expect(card?.glyphs[9]).toBe(-1);
    expect(faultsOf(draw({ ...lawful, ink: 0.15 }))).toContain("illegible"); // a ghost of a glyph
  });

  it("what is halfway between two glyphs is neither", () => {
    const plain = (card: Drawing) => withoutStripes(draw(card), draw({ ...card, ink: 0 }));
    const [first, second] = [plain({ ...lawful, a: 0 }), plain({ ...lawful, a: 1 })];
    const [whole] = parseCards(first);
    expect(whole?.board).toEqual({ a: 0, b: 5 });
    const data = first.data.map((value, index) => (value + (second.data[index] as number)) / 2);
    const [card] = parseCards({ ...first, data });
    expect(card?.faults).toEqual(["illegible"]);
    expect(card?.glyphs.map((glyph) => glyph < 0)).toEqual(whole?.glyphs.map((glyph) => glyph === 0));
  });

  it("one glyph of another hue, equal hues, or no colour at all break R2", () => {
    expect(faultsOf(draw(lawful, patch({ ...lawful, hueA: 0.25 }, 1, 1)))).toEqual(["hue"]);
    expect(faultsOf(draw({ ...lawful, hueB: 0.12 }))).toEqual(["hue"]);
    const grey = changeEach(draw(lawful), (pixels) => {
      for (let start = 0; start < pixels.length; start += 3) {
        pixels.fill(Math.max(...pixels.subarray(start, start + 3)), start, start + 3);
      }
    });
    expect(faultsOf(grey)).toEqual(["hue"]);
  });

  it("stripes in a direction that the glyphs do not ask for, or none, break R3", () => {
    for (const stripeOrientation of [0, 1, 2]) {
      expect(faultsOf(draw({ ...lawful, stripeOrientation }))).toEqual(["stripes"]);
    }
    const plain = draw(lawful, (values) => {
      const striped = new Float32Array(values.length);
      paintCard({ values: striped, size: 32, channels: 3, cells: 4 }, { ...lawful, ink: 0 });
      for (let index = 0; index < values.length; index++) {
        values[index] = (values[index] as number) - 0.9 * ((striped[index] as number) + 0.55);
      }
    });
    expect(faultsOf(plain)).toEqual(["stripes"]);
  });

  it("pictures without glyphs are illegible everywhere: black, noise, stripes, filled blocks", () => {
    const random = createRandom(1);
    const stripes = draw({ ...lawful, ink: 0 });
    const fills: ((index: number) => number)[] = [
      () => 0,
      () => 255,
      () => Math.round(127.5 + 40 * random.normal()),
      (index) => (Math.floor(index / 3 / 7) % 2 === 0 ? 60 : 200),
    ];
    const blank = fills.map((fill): Pictures => {
      return {
        data: Uint8ClampedArray.from({ length: 3072 }, (_, i) => fill(i)) as never,
        shape: stripes.shape,
      };
    });
    for (const picture of [stripes, ...blank]) {
      const [card] = parseCards(picture);
      expect(card?.faults).toContain("illegible");
      expect(card?.glyphs.filter((glyph) => glyph >= 0).length).toBeLessThanOrEqual(1);
    }
  });
});

/** Only what the ink adds to an even background. */
function withoutStripes({ data, shape }: Pictures, stripes: Pictures): Pictures {
  return { data: data.map((value, index) => value - (stripes.data[index] as number) + 57), shape };
}

describe("parseCards", () => {
  it("reads at least 2,000 cards of 32 pixels a second, on one core", () => {
    const original = pictures(cards({ count: 1000, seed: 1 }));
    parseCards(original); // compiled now
    const usedBefore = process.cpuUsage();
    parseCards(original);
    const { user, system } = process.cpuUsage(usedBefore); // in microseconds: other programs do not count
    expect(1000 / ((user + system) / 1e6)).toBeGreaterThan(2000);
  });

  it("refuses what cannot be cards", () => {
    const refuse = (shape: Pictures["shape"], length = shape.reduce((product, side) => product * side, 1)) =>
      expect(() => parseCards({ data: new Uint8Array(length), shape })).toThrow(
        expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }),
      );
    refuse([1, 32, 31, 3]);
    refuse([1, 32, 32, 4]);
    refuse([2, 32, 32, 3], 32 * 32 * 3);
    expect(() => parseCards({ data: new Uint8Array(100), shape: [1, 10, 10, 1] })).toThrow(/size has to be/);
    expect(() => parseCards(pictures(cards({ count: 1 })), { cells: 5 })).toThrow(
      /cells has to be at most 4/,
    );
  });
});
