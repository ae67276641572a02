import { setImmediate as nextTurn } from "node:timers/promises";
import type { Checker } from "./checker.js";

const rounds = 12;

/** Cells as people write them: classes, inferred generics, callbacks, and Node's large types compared with each other. */
const samples: ((index: number) => string)[] = [
  (index) => `${index} + 1`,
  (
    index,
  ) => `class A${index} { constructor(readonly w: number[] = []) {} sum() { return this.w.reduce((p, c) => p + c, 0); } }
new A${index}([1]).sum()`,
  (index) => `const [a${index}, ...rest] = new Map(Object.entries({ x: [1], y: [2] })).values();
rest.flatMap((list) => list.map((x) => ({ x }))).filter(({ x }) => x > ${index})`,
  (
    index,
  ) => `const f${index} = async <T extends object>(items: Iterable<T>) => Promise.all([...items].map(async (item) => item));
(await f${index}([{ name: "a" }])).map(({ name }) => name.length)`,
  (
    index,
  ) => `const s${index}: NodeJS.ReadableStream = process.stdin, e${index}: NodeJS.EventEmitter = process;
const run${index} = <T>(work: () => T): T => work();
run${index}(() => new Float32Array(Buffer.from([${index}])).map((x) => x * 2)) as ArrayLike<number>`,
];

/**
 * Checks samples until V8 has compiled what checks are made of: those of a thread that has just started take several
 * times as long. What is asked meanwhile is answered in between.
 */
export async function warmUp(checker: Checker): Promise<void> {
  for (let index = 0; index < rounds; index++) {
    for (const sample of samples) {
      await nextTurn();
      checker.check(sample(index));
    }
  }
}
