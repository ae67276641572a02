import { afterAll, expect, it } from "vitest";
import { imageBatches } from "../../src/data/index.js";
import { runtime } from "../../src/engine/torch/runtime.js";
import {
  autoencoderObjective,
  cards,
  createAutoencoder,
  engine,
  kl,
  type Precision,
  toTensor,
} from "../../src/index.js";
import { train, warmUpCosine } from "../../src/train/index.js";
import { useEngine } from "../engines.js";

const images = cards({ count: 64, size: 16, seed: 1 });
const steps = 40;

async function losses(precision: Precision) {
  await engine.use("torch", { device: "cpu", precision });
  runtime.addon.setThreads(1); // more would mostly wait for each other, as in `useEngine`
  const model = createAutoencoder({
    ...{ imageSize: 16, widths: [8, 16, 16], middle: "attention", seed: 1 },
    bottleneck: [kl({ weight: 1e-3 })],
  });
  const run = train({
    ...{ steps, seed: 1, reportEvery: 1, microBatches: 2 },
    batches: imageBatches(images, { batchSize: 8, seed: 1 }),
    toTensors: (batch) => ({ pictures: toTensor(batch) }),
    networks: {
      model: {
        parameters: model.parameters,
        learningRate: 3e-3,
        schedule: warmUpCosine({ warmUp: 5, steps }),
        clipNorm: 1e4,
        averages: { ema: { decay: 0.9 } },
        loss: ({ batch: { pictures }, noise }) => {
          const { loss } = autoencoderObjective(model, pictures, { noise });
          return { loss };
        },
      },
    },
  });
  const found: number[] = [];
  for await (const { loss } of run) found.push(loss as number);
  const average = await run.withAverage("ema", () =>
    Array.from(model.parameters["decoder.conv_in.weight"]?.dataSync() ?? []),
  );
  model.dispose();
  return { found, average };
}

afterAll(() => useEngine("torch"));

it("a training in bfloat16 learns what one in float32 learns, and keeps its weights in float32", async () => {
  const { found: exact } = await losses("float32");
  const { found: rounded, average } = await losses("bfloat16");
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(rounded.slice(-8))).toBeLessThan(0.6 * mean(rounded.slice(0, 8)));
  expect(rounded).not.toEqual(exact);
  for (const [step, loss] of rounded.entries()) {
    expect(Math.abs(loss / (exact[step] as number) - 1), `step ${step + 1}`).toBeLessThan(0.05);
  }
  // bfloat16 has 8 bits: most float32 numbers have others behind them.
  const halves = new Uint32Array(Float32Array.from(average).buffer);
  expect(halves.filter((bits) => (bits & 0xffff) !== 0).length).toBeGreaterThan(0.9 * halves.length);
});
