import { describe, expect, it } from "vitest";
import { startNotebookKernel } from "../notebook-kernel.js";

const notebook = startNotebookKernel();
const { resultOf, failureOf } = notebook;

describe("TypeScript 5.9", () => {
  it("runs as it is written", async () => {
    const cell = `
      const seen: string[] = [];
      function logged<This, Args extends unknown[], R>(method: (this: This, ...args: Args) => R, { name }: ClassMethodDecoratorContext) {
        return function (this: This, ...args: Args) { seen.push(String(name)); return method.apply(this, args) };
      }
      const sealed = <C extends new (...args: any[]) => object>(C: C, _: ClassDecoratorContext) => { Object.freeze(C.prototype) };
      @sealed class Counter { accessor count = 1; @logged add(n: number) { this.count += n; return this.count } static { seen.push("static") } }
      const config = { rate: 0.1, name: "x" } satisfies Record<string, number | string>;
      function tuple<const T extends readonly unknown[]>(list: T) { return list }
      const pair: readonly [1, "a"] = tuple([1, "a"]);
      { using resource = { [Symbol.dispose]() { seen.push("disposed") } }; seen.push("used") }
      await (async () => { await using other = { async [Symbol.asyncDispose]() { seen.push("async disposed") } } })();
      enum Level { Low = \`x\`.length, High = Low + 1 }
      type Getters<T> = { [K in keyof T & string as \`get\${Capitalize<K>}\`]: () => T[K] };
      const getters: Getters<{ a: number }> = { getA: () => 1 };
      label: for (const x of [1, 2, 3].toReversed()) { if (x === 2) break label; }
      [new Counter().add(2), config.rate.toFixed(1), pair[1], seen.join(), Level.High, getters.getA(), Object.isFrozen(Counter.prototype)].join(" | ")
    `;
    expect(await resultOf(cell)).toBe(
      "'3 | 0.1 | a | static,used,disposed,async disposed,add | 2 | 1 | true'",
    );
  });

  it("checks types as it should", async () => {
    expect((await failureOf("const pair2: readonly [1] = tuple([1, 2])")).evalue).toContain("TS2322");
    expect((await failureOf("const bad = { a: 1 } satisfies Record<string, string>")).evalue).toContain(
      "TS2322",
    );
    expect((await failureOf("{ using x = {} }")).evalue).toContain("TS2850");
    expect((await failureOf("import data from './data.json' with { type: 'json' }")).evalue).toContain(
      "TS2307",
    );
  });

  it("disposes of what a cell uses when the cell ends, in order and whatever happens", async () => {
    await resultOf(
      "const log: string[] = []; const open = (name: string) => ({ [Symbol.dispose]() { log.push(name) } }); 1",
    );
    expect(await resultOf("using a = open('a'), b = open('b'); log.push('cell'); log.length")).toBe("1");
    await failureOf("using c = open('c'); throw new Error('x')");
    expect(await resultOf("log.join()")).toBe("'cell,b,a,c'");
    expect((await failureOf("a")).evalue).toContain("Cannot find name 'a'");
  });
});
