import { describe, expect, it } from "vitest";
import { allBoards, boardIndex, holdOutBoards } from "../../../src/data/cards/boards.js";
import { cardFloor, cardIdentityFloor } from "../../../src/data/cards/floor.js";
import { cardIdentity, cardMetrics } from "../../../src/data/cards/metrics.js";
import { parseCards } from "../../../src/data/cards/parse.js";
import { cards } from "../../../src/data/cards.js";
import { type Pictures, pictures, selectImages } from "../../../src/data/image-set.js";
import { createRandom } from "../../../src/random.js";
import { addNoise, blur, changeEach } from "./damage.js";

const set = cards({ count: 1200, size: 16, channels: 1, seed: 2 });
const factors = set.factors ?? [];
const parsed = parseCards(pictures(set));
const floor = cardFloor({ count: 1200, size: 16, channels: 1 });

describe("cardMetrics", () => {
  it("of true cards is the floor, which is about .09 in TV65 for 1,200 cards", () => {
    const metrics = cardMetrics(parsed);
    expect(metrics).toMatchObject({ valid: 1, legible: 1, copy: 1, stripeRule: 1, coverage: 64 });
    expect(metrics.hueRule).toBeNaN();
    expect(Math.abs(metrics.tv65 - floor.tv65)).toBeLessThan(0.025);
    // E|share - 1/64| of a binomial share is sqrt(2/pi) of its standard deviation, nearly; there are 64 of them.
    const expected = (64 / 2) * Math.sqrt(((2 / Math.PI) * ((1 / 64) * (63 / 64))) / 1200);
    expect(Math.abs(floor.tv65 / expected - 1)).toBeLessThan(0.15);
    expect(floor.tv).toBeCloseTo(floor.tv65, 12);
    expect(Math.abs(floor.stripeEnergy - 1)).toBeLessThan(0.01);
    expect(Math.abs(floor.noiseEnergy - 1)).toBeLessThan(0.03);
  });

  it("sees through a decoder that has collapsed onto four boards: all valid, and TV65 near its worst", () => {
    const four = allBoards().filter((_, index) => index % 16 === 3);
    const collapsed = cardMetrics(
      parseCards(pictures(cards({ count: 1200, size: 16, channels: 1, boards: four }))),
    );
    expect(collapsed.valid).toBe(1);
    expect(collapsed.coverage).toBe(4);
    expect(collapsed.tv65).toBeCloseTo(60 / 64, 1);
    expect(collapsed.tv65).toBeGreaterThan(10 * floor.tv65 - 0.1);
    // A decoder with half of its cards illegal, but every board in the rest, is the better one.
    const noisy = pictures(set);
    noisy.data.set(
      addNoise(
        pictures(
          selectImages(
            set,
            Array.from({ length: 600 }, (_, i) => i),
          ),
        ),
        3,
      ).data,
    );
    const halfIllegal = cardMetrics(parseCards(noisy));
    expect(halfIllegal.valid).toBeCloseTo(0.5, 1);
    expect(halfIllegal.tv65).toBeLessThan(collapsed.tv65);
  });

  it("is exactly what the definition says, on shares set by hand", () => {
    const byBoard = new Map(parsed.map((card) => [card.board ? boardIndex(card.board) : -1, card]));
    const each = allBoards().map((board) => byBoard.get(boardIndex(board)) as (typeof parsed)[number]);
    expect(cardMetrics(each).tv65).toBe(0);
    const illegal = { ...each[0], board: undefined, faults: ["copy" as const] } as (typeof parsed)[number];
    // 64 legal cards and 64 illegal ones: every share is half of what it should be.
    const half = cardMetrics([...each, ...each.map(() => illegal)]);
    expect(half.tv65).toBeCloseTo((64 * (1 / 64 - 1 / 128) + 1 / 2) / 2, 12);
    expect(half).toMatchObject({ tv: 0, valid: 0.5, coverage: 64 });
    const none = cardMetrics([illegal]);
    expect(none).toMatchObject({ tv65: 1, valid: 0, coverage: 0 });
    expect([none.tv, none.stripeRule]).toEqual([Number.NaN, Number.NaN]);
  });

  it("does not take legible glyphs without the rule for cards: copies are 1 in 8 then, legal boards 1 in 64", () => {
    // Quarters of different cards with the same position: every glyph legible, none related to another.
    const random = createRandom(5);
    const fixed = factors.flatMap(({ left, top }, index) => (left === 2 && top === 2 ? [index] : []));
    const shuffled = changeEach(pictures(selectImages(set, fixed)), (pixels) => {
      for (const [y0, x0] of [
        [0, 0],
        [0, 8],
        [8, 0],
        [8, 8],
      ] as const) {
        const source = (fixed[random.integer(0, fixed.length - 1)] as number) * 256;
        for (let y = y0; y < y0 + 8; y++) {
          const start = y * 16 + x0;
          pixels.set(set.pixels.subarray(source + start, source + start + 8), start);
        }
      }
    });
    const metrics = cardMetrics(parseCards(shuffled));
    expect(metrics.legible).toBeGreaterThan(0.9);
    expect(Math.abs(metrics.copy - 1 / 8)).toBeLessThan(0.09); // 4 standard errors of about 270 pairs
    expect(metrics.valid).toBeLessThan(0.08);
    expect(metrics.tv65).toBeGreaterThan(0.9);
  });

  it("measures fine texture apart from glyphs: blur that keeps the boards loses the stripes", () => {
    const metrics = cardMetrics(parseCards(blur(pictures(set), 0.5)));
    expect(metrics.valid).toBeGreaterThan(0.99);
    // What the kernel does to a wave of 3.2 px along one axis, and to one of 3.2 px across both.
    const weights = [0, 1, 2].map((tap) => Math.exp(-(tap ** 2) / (2 * 0.5 ** 2)));
    const transfer = (omega: number) => {
      const wave = (weight: number, tap: number) => (tap === 0 ? weight : 2 * weight * Math.cos(tap * omega));
      const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
      return sum(weights.map(wave)) / sum(weights.map((weight, tap) => (tap === 0 ? weight : 2 * weight)));
    };
    const omega = (2 * Math.PI) / 3.2;
    const expected = (transfer(omega) ** 2 + transfer(omega * Math.SQRT1_2) ** 4) / 2;
    expect(Math.abs(metrics.stripeEnergy - expected)).toBeLessThan(0.05);
    expect(metrics.stripeEnergy).toBeLessThan(0.6);
    expect(cardMetrics(parseCards(addNoise(pictures(set), 0.1))).noiseEnergy).toBeGreaterThan(5);
  });

  it("counts the rules of hue and stripes among the valid cards", () => {
    const coloured = cards({ count: 200, seed: 3 });
    const swapped: Pictures = changeEach(pictures(coloured), (pixels, index) => {
      if (index % 2 === 0) return;
      for (let start = 0; start < pixels.length; start += 3) {
        pixels.fill(Math.max(...pixels.subarray(start, start + 3)), start, start + 3);
      }
    });
    const metrics = cardMetrics(parseCards(swapped));
    expect(metrics).toMatchObject({ valid: 1, hueRule: 0.5, stripeRule: 1 });
  });

  it("refuses to measure nothing", () => {
    expect(() => cardMetrics([])).toThrow(expect.objectContaining({ code: "ERR_SHAPE_MISMATCH" }));
  });
});

describe("cardIdentity", () => {
  it("is 1 for true cards", () => {
    expect(cardIdentity(parsed, factors)).toEqual({ identity: 1, position: 1, stripes: 1, hues: Number.NaN });
    const coloured = cards({ count: 100, seed: 1 });
    expect(cardIdentity(parseCards(pictures(coloured)), coloured.factors ?? [])).toEqual({
      identity: 1,
      position: 1,
      stripes: 1,
      hues: 1,
    });
  });

  it("has the floor of what the parser finds again in true cards: all of it", () => {
    const options = { count: 60, size: 16, repeats: 2 };
    const all = { identity: 1, position: 1, stripes: 1 };
    expect(cardIdentityFloor({ ...options, channels: 1 })).toEqual({ ...all, hues: Number.NaN });
    expect(cardIdentityFloor({ ...options, seed: 5, boards: [{ a: 1, b: 2 }] })).toEqual({ ...all, hues: 1 });
    expect(() => cardIdentityFloor({ ...options, repeats: 0 })).toThrow(/repeats/);
  });

  it("does not count a valid card that is another card, as validity does", () => {
    const others = parseCards(pictures(cards({ count: 1200, size: 16, channels: 1, seed: 99 })));
    expect(cardMetrics(others).valid).toBe(1);
    const { identity, stripes } = cardIdentity(others, factors);
    expect(Math.abs(identity - 1 / 64)).toBeLessThan(4 * Math.sqrt(1 / 64 / 1200));
    expect(Math.abs(stripes - 1 / 4)).toBeLessThan(0.06);
  });

  it("refuses factors of other cards", () => {
    expect(() => cardIdentity(parsed, factors.slice(1))).toThrow(/1200 cards.*1199/);
  });
});

describe("holdOutBoards", () => {
  it.each([
    1, 2, 3, 4,
  ])("is balanced: every glyph in either role and every direction, %i a glyph", (perGlyph) => {
    for (const seed of [0, 1, 2]) {
      const { train, heldOut } = holdOutBoards({ perGlyph, seed });
      expect([train.length, heldOut.length]).toEqual([64 - 8 * perGlyph, 8 * perGlyph]);
      expect(new Set([...train, ...heldOut].map(boardIndex)).size).toBe(64);
      const uses = (of: (board: { a: number; b: number }) => number, value: number) =>
        heldOut.filter((board) => of(board) === value).length;
      for (let glyph = 0; glyph < 8; glyph++) {
        expect(uses(({ a }) => a, glyph)).toBe(perGlyph);
        expect(uses(({ b }) => b, glyph)).toBe(perGlyph);
      }
      for (let way = 0; way < 4; way++) expect(uses(({ a, b }) => (a + b) % 4, way)).toBe(2 * perGlyph);
    }
    expect(holdOutBoards({ seed: 1 })).not.toEqual(holdOutBoards({ seed: 2 }));
    expect(() => holdOutBoards({ perGlyph: 5 })).toThrow(/at most 4/);
  });

  it("keeps the cards apart, and asks the metrics about either part", () => {
    const { train, heldOut } = holdOutBoards({ seed: 3 });
    const trained = parseCards(pictures(cards({ count: 700, size: 16, channels: 1, boards: train })));
    const held = new Set(heldOut.map(boardIndex));
    expect(trained.every(({ board }) => board && !held.has(boardIndex(board)))).toBe(true);
    expect(cardMetrics(trained, { boards: train }).coverage).toBe(56);
    expect(cardMetrics(trained, { boards: train }).tv65).toBeLessThan(0.15);
    // A model that only repeats what it was trained on: nothing of the held-out boards.
    expect(cardMetrics(trained, { boards: heldOut })).toMatchObject({ tv65: 1, coverage: 0, valid: 1 });
  });
});
