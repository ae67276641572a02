import type * as tf from "@tensorflow/tfjs-core";
import type { EngineNoise } from "../engine.js";
import { ScalarType } from "./addon.js";
import { attempt } from "./backend.js";
import { backend } from "./gradients.js";
import { inScope, operator } from "./operators.js";
import { runtime } from "./runtime.js";

const full = operator("aten::full");
const normal = operator("latentlab::philox_normal");
const uniform = operator("latentlab::philox_uniform");
const quotient = operator("aten::floor_divide.Scalar");
const remainder = operator("aten::remainder.Scalar");

/** Positions have 53 bits, what comes to the host 32: they are read in two parts. */
const lowPart = 2 ** 30;

/** Random numbers drawn on the device. The position is a tensor there, so that a captured graph moves it on itself. */
export function createNoise(seed: number, position: number): EngineNoise {
  const torch = backend();
  const counter = inScope(() =>
    torch.output(full([1], position, ScalarType.int64, null, runtime.device), [1], "int32"),
  );
  const draw = (generate: typeof normal, shape: number[]): tf.Tensor =>
    attempt("noise", { noise: { shape, dtype: "float32", dataId: {} } }, () =>
      inScope(() =>
        torch.tensor(torch.output(generate(torch.handle(counter), seed, shape), shape, "float32")),
      ),
    );

  return {
    normal: (shape) => draw(normal, shape),
    uniform: (shape) => draw(uniform, shape),
    position: () =>
      inScope(() => {
        const handle = torch.handle(counter);
        const parts = [quotient(handle, lowPart), remainder(handle, lowPart)];
        const [high, low] = parts.map((part) => runtime.addon.download(part)[0] as number) as [
          number,
          number,
        ];
        return high * lowPart + low;
      }),
    dispose() {
      torch.disposeData(counter.dataId, true);
    },
  };
}
