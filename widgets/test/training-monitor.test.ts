import { describe, expect, test, vi } from "vitest";
import { TrainingMonitor } from "../src/index.js";
import { endLabels, readCurve, stepTicks, valueScale } from "../src/training-monitor/curves.js";

function event(step: number, extra: object = {}) {
  return {
    step,
    loss: 1,
    reconstruction: 1 / step,
    kl: 2,
    imagesPerSecond: 500,
    elapsedMs: 10 * step,
    ...extra,
  };
}

test("the view gets the first event at once, then at most ten states a second, and the last one always", async () => {
  const monitor = new TrainingMonitor({ steps: 1000 });
  const seen: { step: number; timeMs: number }[] = [];
  monitor.state.subscribe((changes) => {
    if (changes.step !== undefined) seen.push({ step: changes.step, timeMs: performance.now() });
  });
  const begunMs = performance.now();
  for (let step = 1; step <= 100; step++) {
    monitor.push(event(step));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  monitor.finish();
  expect(seen[0]?.step).toBe(1);
  expect(seen.at(-1)?.step).toBe(100);
  const durationMs = performance.now() - begunMs;
  expect(seen.length).toBeLessThanOrEqual(Math.ceil(durationMs / 100) + 2);
  expect(seen.length).toBeGreaterThan(3);
  expect(monitor.state.get().status).toBe("finished");
});

test("a state that waits is sent although no further event comes", async () => {
  const monitor = new TrainingMonitor({ steps: 10 });
  monitor.push(event(1));
  monitor.push(event(2));
  expect(monitor.state.get().step).toBe(1);
  await vi.waitFor(() => expect(monitor.state.get().step).toBe(2), { timeout: 1000 });
});

test("a loop that never yields still sends states", () => {
  const monitor = new TrainingMonitor({ steps: 1_000_000 });
  const listener = vi.fn();
  monitor.state.subscribe(listener);
  const endMs = performance.now() + 350;
  for (let step = 1; performance.now() < endMs; step++) monitor.push(event(step));
  expect(listener.mock.calls.length).toBeGreaterThanOrEqual(3);
  expect(listener.mock.calls.length).toBeLessThanOrEqual(5);
});

test("20,000 events are cheap, and spikes survive at the chart's resolution", () => {
  const monitor = new TrainingMonitor({ steps: 20_000 });
  const begunMs = performance.now();
  for (let step = 1; step <= 20_000; step++) monitor.push(event(step, step === 12_345 ? { kl: 900 } : {}));
  monitor.finish();
  expect(performance.now() - begunMs).toBeLessThan(1000);
  const { curves, columns, steps } = monitor.state.get();
  expect(2 * columns).toBeLessThanOrEqual(600);
  const kl = readCurve(curves, 1, columns, steps);
  const spike = kl.find(({ maximum }) => maximum === 900);
  expect(Math.abs((spike?.step ?? 0) - 12_345)).toBeLessThan(steps / columns);
  expect(spike?.minimum).toBe(2);
  const reconstruction = readCurve(curves, 0, columns, steps);
  expect(reconstruction[0]?.maximum).toBe(1);
});

test("the running mean is corrected for its start", () => {
  const monitor = new TrainingMonitor({ steps: 3, series: ["loss"] });
  monitor.push(event(1, { loss: 10 }));
  monitor.push(event(2, { loss: 20 }));
  monitor.finish();
  // (0.9 · 0.1 · 10 + 0.1 · 20) / (0.9 · 0.1 + 0.1)
  expect(monitor.state.get().latest[0]).toBeCloseTo(2.9 / 0.19, 10);
});

test("throughput is that of the last seconds, from the run's own clock", () => {
  const monitor = new TrainingMonitor({ steps: 3000, series: ["loss"] });
  for (let step = 1; step <= 1000; step++) monitor.push(event(step, { elapsedMs: 100 * step }));
  for (let step = 1001; step <= 2000; step++)
    monitor.push(event(step, { elapsedMs: 100_000 + 10 * (step - 1000) }));
  monitor.finish();
  expect(monitor.state.get().stepsPerSecond).toBeCloseTo(100, 0);
  expect(monitor.state.get().elapsedMs).toBe(110_000);
});

describe("ends", () => {
  test("an interrupt stops the run, an error fails it, and both keep the curves", () => {
    const stopped = new TrainingMonitor({ steps: 10 });
    stopped.push(event(3));
    stopped.fail(new DOMException("This operation was aborted", "AbortError"));
    expect(stopped.state.get()).toMatchObject({ status: "stopped", step: 3, error: null });
    const failed = new TrainingMonitor({ steps: 10 });
    failed.push(event(1));
    failed.push(event(4));
    failed.fail(new Error("out of memory"));
    expect(failed.state.get()).toMatchObject({
      status: "failed",
      step: 4,
      error: { message: "out of memory" },
    });
  });

  test("nothing can be pushed afterwards, and the first end counts", () => {
    const monitor = new TrainingMonitor({ steps: 10 });
    monitor.finish();
    monitor.fail(new Error("late"));
    expect(monitor.state.get().status).toBe("finished");
    expect(() => monitor.push(event(1))).toThrowError(/has finished/);
  });
});

test("events that do not fit are refused; a loss that is not finite is drawn as a gap and named", () => {
  const monitor = new TrainingMonitor({ steps: 10 });
  expect(() => monitor.push({ step: 1, loss: 3 } as never)).toThrowError(
    /no number "reconstruction"; it has step, loss/,
  );
  expect(() => monitor.push(event(11))).toThrowError(/from 0 to 10, got 11/);
  expect(() => new TrainingMonitor({ steps: 0 })).toThrowError(/whole number from 1/);
  expect(() => new TrainingMonitor({ steps: 5, series: [] })).toThrowError(/at least one curve/);
  monitor.push(event(1));
  monitor.push(event(2, { kl: Number.NaN }));
  monitor.push(event(3, { kl: Number.POSITIVE_INFINITY }));
  monitor.finish();
  const { broken, curves, columns, steps } = monitor.state.get();
  expect(broken).toEqual({ series: "kl", step: 2 });
  expect(readCurve(curves, 1, columns, steps)).toHaveLength(1);
  expect(readCurve(curves, 0, columns, steps)).toHaveLength(3);
});

describe("the chart's axes", () => {
  const column = (value: number) => ({ step: 1, minimum: value, maximum: value, mean: value });

  test("powers of ten, finer within one decade, and linear from zero", () => {
    expect(valueScale([[column(0.5), column(200)]], "log").ticks).toEqual([1, 10, 100]);
    expect(valueScale([[column(2.1), column(7)]], "log").ticks).toEqual([2, 5]);
    const linear = valueScale([[column(3), column(190)]], "linear");
    expect(linear.ticks).toEqual([0, 50, 100, 150, 200]);
    expect(linear.shareOf(100)).toBeCloseTo(0.5);
  });

  test("without a positive value the log axis becomes linear", () => {
    expect(valueScale([[column(-1), column(0)]], "log").ticks).toContain(-1);
    expect(valueScale([[]], "log").shareOf(1)).toBeGreaterThanOrEqual(0);
  });

  test("steps have about six whole ticks", () => {
    expect(stepTicks(2400)).toEqual([0, 400, 800, 1200, 1600, 2000, 2400]);
    expect(stepTicks(3)).toEqual([0, 1, 2, 3]);
  });

  test("labels at the ends do not overlap and stay above the axis", () => {
    const labels = endLabels(["a", "b", "c"], [1, 1.01, null], () => 198, 200);
    const positions = labels.map(({ labelY }) => labelY);
    expect(positions).toHaveLength(2);
    expect((positions[1] ?? 0) - (positions[0] ?? 0)).toBeGreaterThanOrEqual(28);
    expect(Math.max(...positions)).toBeLessThan(190);
  });
});

describe("follow", () => {
  async function* run(steps: number, error?: Error) {
    for (let step = 1; step <= steps; step++) yield event(step);
    if (error) throw error;
  }

  test("shows a run to its end", async () => {
    const monitor = new TrainingMonitor({ steps: 3 });
    await monitor.follow(run(3));
    expect(monitor.state.get()).toMatchObject({ step: 3, status: "finished" });
  });

  test.each([
    ["KeyboardInterrupt", "stopped"],
    ["AbortError", "stopped"],
    ["RangeError", "failed"],
  ])("after a %s the run has %s, and the error goes on", async (name, status) => {
    const error = Object.assign(new Error("enough"), { name });
    const monitor = new TrainingMonitor({ steps: 3 });
    await expect(monitor.follow(run(2, error))).rejects.toBe(error);
    expect(monitor.state.get()).toMatchObject({ step: 2, status });
  });
});
