import { describe, expect, it } from "vitest";
import { matchesGlob } from "../src/io-thread/glob.js";

describe("matchesGlob", () => {
  it.each([
    ["", ""],
    ["", "**"],
    ["train(vae)", "train(vae)"],
    ["train(vae)", "train*"],
    ["train(vae)", "*vae?"],
    ["train(vae)", "*(*)"],
    ["first\nsecond", "first*second"],
    ["a*b", "a*b"],
    ["abcabd", "*abd"],
    ["aXbXc", "a*X?"],
    ["1 + 1", "1 + ?"],
  ])("finds %j with %j", (text, pattern) => {
    expect(matchesGlob(text, pattern)).toBe(true);
  });

  it.each([
    ["text", ""],
    ["", "?"],
    ["train", "rain"],
    ["train", "trai"],
    ["train", "train?"],
    ["a+b", "aa+b"],
    ["abc", "a*d"],
    ["abc", "*b"],
  ])("does not find %j with %j", (text, pattern) => {
    expect(matchesGlob(text, pattern)).toBe(false);
  });

  it("needs no more time where a pattern has many stars", () => {
    const startMs = performance.now();
    expect(matchesGlob("a".repeat(20_000), `${"*".repeat(500)}${"*a".repeat(200)}b`)).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});
