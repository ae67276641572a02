import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { runBounded } from "../../src/data/run-bounded.js";

it("runs every task once, as many at a time as allowed and no more", async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await runBounded(20, 3, async (index) => {
    most = Math.max(most, ++running);
    await sleep((index * 7) % 5);
    running -= 1;
    done.push(index);
  });
  expect(done.sort((first, second) => first - second)).toEqual(
    Array.from({ length: 20 }, (_, index) => index),
  );
  expect(most).toBe(3);
  await runBounded(0, 3, () => Promise.reject(new Error("there is nothing to do")));
});

it("throws the failure of the lowest index, after all that had begun have ended, and begins no others", async () => {
  const begun: number[] = [];
  let running = 0;
  const failing = runBounded(50, 4, async (index) => {
    begun.push(index);
    running += 1;
    await sleep(index === 2 ? 1 : 20);
    running -= 1;
    if (index === 1 || index === 2) throw new Error(`task ${index}`);
  });
  await expect(failing).rejects.toThrow("task 1"); // though task 2 failed earlier
  expect(running).toBe(0);
  expect(begun).toEqual([0, 1, 2, 3]);
});

it("begins nothing after the signal, and throws its reason", async () => {
  const controller = new AbortController();
  let begun = 0;
  const task = async (index: number) => {
    begun += 1;
    await sleep(1);
    if (index === 5) controller.abort(new Error("enough"));
  };
  await expect(runBounded(100, 2, task, controller.signal)).rejects.toThrow("enough");
  expect(begun).toBeLessThan(10);
});
