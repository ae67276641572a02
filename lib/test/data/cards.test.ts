import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ConfigError, cards } from "../../src/index.js";

const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);

describe("cards", () => {
  const set = cards({ count: 600, seed: 4 });
  const size = 32;
  const at = (card: number, y: number, x: number, channel: number) =>
    set.pixels[((card * size + y) * size + x) * 3 + channel] as number;

  it("are determined by the seed, bit by bit on every machine", () => {
    expect(hashOf(set.pixels)).toBe("34eb1fd1226997ca");
    expect(hashOf(cards({ count: 600, seed: 4 }).pixels)).toBe(hashOf(set.pixels));
    expect(hashOf(cards({ count: 600, seed: 5 }).pixels)).not.toBe(hashOf(set.pixels));
  });

  it("stay the same when there are more of them", () => {
    const few = cards({ count: 5, seed: 4 });
    expect(few.pixels).toEqual(set.pixels.slice(0, few.pixels.length));
    expect(few.factors).toEqual(set.factors?.slice(0, 5));
  });

  it("are RGB pictures with factors", () => {
    expect(set).toMatchObject({ count: 600, shape: [32, 32, 3] });
    expect(set.pixels.length).toBe(600 * 32 * 32 * 3);
    expect(set.factors).toHaveLength(600);
  });

  it("cover all 64 legal boards about evenly", () => {
    const boards = new Map<string, number>();
    for (const { a, b } of set.factors ?? []) boards.set(`${a},${b}`, (boards.get(`${a},${b}`) ?? 0) + 1);
    expect(boards.size).toBe(64);
    expect(Math.max(...boards.values())).toBeLessThan(30); // mean 9.4; 30 is beyond six standard deviations
  });

  it("obey the rules: stripes by (a + b) mod 4, positions within the border, hues apart", () => {
    for (const card of set.factors ?? []) {
      expect(card.stripeOrientation).toBe((card.a + card.b) % 4);
      for (const offset of [card.left, card.top]) expect([2, 3, 4]).toContain(offset);
      const distance = Math.abs(card.hueA - card.hueB);
      expect(Math.min(distance, 1 - distance)).toBeGreaterThanOrEqual(0.25 - 1e-9);
    }
  });

  it("repeat the same glyph in the same hue on every second cell (the copy rule)", () => {
    const brightness = (card: number, y: number, x: number) => {
      return Math.max(at(card, y, x, 0), at(card, y, x, 1), at(card, y, x, 2));
    };
    for (let card = 0; card < 50; card++) {
      const { left, top } = set.factors?.[card] ?? { left: 0, top: 0 };
      let same = 0;
      let moved = 0;
      for (let y = 0; y < 5; y++) {
        for (let x = 0; x < 5; x++) {
          const isInk = brightness(card, top + y, left + x) > 118;
          same += Number(isInk === brightness(card, top + 7 + y, left + 7 + x) > 118);
          moved += Number(isInk === brightness(card, top + 14 + y, left + 14 + x) > 118);
        }
      }
      expect(same).toBeGreaterThanOrEqual(24); // one pixel may be lost to noise near the threshold
      expect(moved).toBeGreaterThanOrEqual(24);
    }
  });

  it("draw the stripes in the direction that the factors say", () => {
    // Along the stripes neighbouring border pixels are alike, across them they are not: compare mean differences.
    const difference = (card: number, dx: number) => {
      let sum = 0;
      for (let x = 1; x < size - 1; x++) sum += Math.abs(at(card, 0, x, 0) - at(card, 0, x + dx, 0));
      return sum;
    };
    for (const [card, factors] of (set.factors ?? []).slice(0, 200).entries()) {
      const alongTopRow = difference(card, 1) / (size - 2);
      if (factors.stripeOrientation === 0) expect(alongTopRow).toBeGreaterThan(12); // stripes across the row
      if (factors.stripeOrientation === 1) expect(alongTopRow).toBeLessThan(12); // the row lies within one stripe
    }
  });

  it("come in other sizes, in grey, and with fewer glyphs", () => {
    expect(cards({ count: 2, size: 64 }).shape).toEqual([64, 64, 3]);
    expect(cards({ count: 2, size: 16, channels: 1 })).toMatchObject({ shape: [16, 16, 1] });
    expect(cards({ count: 2, size: 16, channels: 1 }).pixels.length).toBe(2 * 16 * 16);
    const [first] = cards({ count: 1, cells: 3 }).factors ?? [];
    for (const offset of [first?.left, first?.top]) expect([5, 6, 7]).toContain(offset);
  });

  it("are drawn from the boards that are given", () => {
    const boards = [
      { a: 1, b: 6 },
      { a: 3, b: 3 },
    ];
    const { factors = [] } = cards({ count: 200, size: 16, boards });
    expect(factors.filter(({ a, b }) => a === 1 && b === 6).length).toBeGreaterThan(60);
    expect(factors.every(({ a, b }) => (a === 1 && b === 6) || (a === 3 && b === 3))).toBe(true);
  });

  it("refuse options that no card has", () => {
    const refuse = (options: object, message: RegExp) => {
      expect(() => cards({ count: 1, ...options })).toThrow(ConfigError);
      expect(() => cards({ count: 1, ...options })).toThrow(message);
    };
    refuse({ count: 0 }, /count/);
    refuse({ size: 15 }, /size has to be a whole number of at least 16/);
    refuse({ channels: 2 }, /channels has to be 1 or 3/);
    refuse({ cells: 1 }, /cells/);
    refuse({ cells: 5 }, /at most 4 for cards of 32 pixels/);
    refuse({ boards: [] }, /boards is empty/);
    refuse({ boards: [{ a: 0, b: 8 }] }, /glyph 8/);
  });
});
