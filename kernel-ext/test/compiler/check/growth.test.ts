import { beforeEach, describe, expect, it } from "vitest";
import { TestTypes } from "./test-types.js";

let types: TestTypes;
beforeEach(() => {
  types = new TestTypes();
  types.run("1");
});

/** The time of the last of a hundred calls must not be far from that of the first. */
function timesOf(count: number, work: (index: number) => void): { early: number; late: number } {
  const times = Array.from({ length: count }, (_, index) => {
    const startMs = performance.now();
    work(index);
    return performance.now() - startMs;
  });
  const median = (list: number[]) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? 0;
  return { early: median(times.slice(5, 30)), late: median(times.slice(-25)) };
}

describe("a long notebook", () => {
  it("of 300 cells, each of which uses the one before, stays fast", () => {
    const { early, late } = timesOf(300, (index) => {
      const before = Math.max(0, index - 1);
      const value = index === 0 ? "0" : `f${before}(v${before})[0].n`;
      const cell = `class C${index} { n = ${value} } const v${index} = new C${index}(); function f${index}(x: C${index}) { return [x, v${before}] as const }`;
      types.checker.commit(cell, undefined);
    });
    expect(late).toBeLessThan(early * 5 + 100);
    expect(types.run("v299.n.foo; f299(v299)[1].foo")).toEqual([
      "2339: Property 'foo' does not exist on type 'number'.",
      "2339: Property 'foo' does not exist on type 'C298'.",
    ]);
  });

  it("of 100 classes, each of which extends the one before, does not overflow", () => {
    types.checker.commit("class D0 { n = 0 }", undefined);
    for (let index = 1; index < 100; index++)
      types.checker.commit(`class D${index} extends D${index - 1} { n${index} = ${index} }`, undefined);
    expect(types.run("new D99().n1.foo")).toEqual(["2339: Property 'foo' does not exist on type 'number'."]);
  });

  it("whose values are each made of the one before does not overflow", () => {
    types.run("let chain = { depth: 0 }; function grow<T>(inner: T) { return { inner } }");
    types.run("const g0 = grow(1)");
    for (let index = 1; index < 100; index++)
      types.run(`const g${index} = ${index % 10 === 0 ? "grow(1)" : `grow(g${index - 1})`}`);
    expect(types.run("g99.inner.inner.inner.foo")[0]).toMatch(/^2339/);
  });

  it("that declares the same names 1,000 times keeps only what is of use", () => {
    types.run("class Kept {} import os from 'node:os'");
    const lengths: number[] = [];
    const { early, late } = timesOf(1000, (index) => {
      types.checker.commit(
        `class Model { n = ${index} } const model = new Model(); function use(m: Model) { return [m] } import * as path from "node:path"; let x = ${index}; if (true) { var y = x }`,
        undefined,
      );
      lengths.push(types.checker.declarations.length);
    });
    expect(late).toBeLessThan(early * 3 + 50);
    expect(Math.max(...lengths)).toBeLessThan(1500);
    expect(types.run("new Kept(); os.cpus(); model.n; use(model)[0].n; path.sep; x; y")).toEqual([]);
  });

  it("keeps what others' types are made of, and no longer than that", () => {
    types.run("class Old { old = 1 }", "const made = new Old()", "class Old { fresh = 1 }");
    expect(types.checker.declarations).toContain("old: number");
    expect(types.run("made.old.foo")).toEqual(["2339: Property 'foo' does not exist on type 'number'."]);
    types.run("const made = 1");
    expect(types.checker.declarations).not.toContain("old: number");
  });

  it("is not held up by names that merely look alike", () => {
    types.run("const size = { big: 1 }", "function f(size: number) { return { size } }", "const size = 3");
    expect(types.checker.declarations).not.toContain("big");
  });

  it("keeps nothing of cells that declare nothing", () => {
    const before = types.checker.declarations;
    types.run("1 + 1", "console.log(2)", "for (let i = 0; i < 3; i++);", "");
    expect(types.checker.declarations).toBe(before);
  });

  it("keeps an augmentation once, however often it is run", () => {
    for (let index = 0; index < 20; index++) types.run("declare global { interface Array<T> { again: 1n } }");
    expect(types.run("[].again.foo")).toEqual(["2339: Property 'foo' does not exist on type '1n'."]);
  });
});
