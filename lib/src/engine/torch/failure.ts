import type { TensorInfo } from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import { runtime } from "./runtime.js";

type KernelInputs = Record<string, TensorInfo | TensorInfo[] | undefined> | TensorInfo[];

/**
 * An error of the addon in the words of the caller: which kernel, which shapes. Other errors come back as they are.
 *
 * @param what the kernel, or what else was asked for
 */
export function explainFailure(error: unknown, what: string, inputs: KernelInputs = []): unknown {
  if (!(error instanceof Error) || error instanceof EngineError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const call = `${what}(${describeInputs(inputs)})`;
  switch (code) {
    case "ERR_TORCH_OOM":
      return outOfMemory(call, error);
    case "ERR_COMPILED_STEP":
      return new EngineError(
        code,
        `${call} cannot be done inside a compiled step: ${error.message} Read values from what the step returns, and bring data in through its inputs.`,
        undefined,
        { cause: error },
      );
    case "ERR_TENSOR_FREED":
    case "ERR_TORCH":
      return new EngineError(code, `${call} failed: ${error.message}`, undefined, { cause: error });
    default:
      return error;
  }
}

function describeInputs(inputs: KernelInputs): string {
  return Object.entries(inputs)
    .flatMap(([name, input]) => {
      if (!input) return [];
      const infos = Array.isArray(input) ? input : [input];
      return `${name}: ${infos.map(({ shape, dtype }) => `[${shape.join(", ")}] ${dtype}`).join(" and ")}`;
    })
    .join(", ");
}

/** What was asked for, what is in use, what to lower. What waits for reuse is given back, so that the next call has it. */
function outOfMemory(call: string, cause: Error): EngineError {
  const { addon, capture, device } = runtime;
  const inUse =
    device === "cuda" ? ` ${gibibytes(addon.memory().allocatedBytes)} were in use by this process.` : "";
  if (!capture) addon.emptyCache();
  const bfloat16 =
    device === "cuda" && runtime.precision !== "bfloat16" ? ', or use `precision: "bfloat16"`' : "";
  return new EngineError(
    "ERR_TORCH_OOM",
    `${call} did not fit into the memory of the ${device === "cuda" ? "GPU" : "machine"}.${inUse} Lower the batch size or the model's widths${bfloat16}. The engine goes on working. (torch: ${cause.message})`,
    undefined,
    { cause },
  );
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
