import fs from "node:fs/promises";
import path from "node:path";
import type { AutoencoderKL } from "../autoencoder/kl/autoencoder-kl.js";
import { toDiffusersConfig } from "../autoencoder/kl/config-json.js";
import { toTorchLayout } from "../autoencoder/kl/layout.js";
import { listParameters, type ParameterShape } from "../autoencoder/kl/parameter-shapes.js";
import { WeightsError } from "../errors.js";
import { makeFolder } from "../full-disk.js";
import { requireParameter } from "../nn/parameters.js";
import { requirePath } from "../options.js";
import {
  type FloatDtype,
  floatTensor,
  type TensorToWrite,
  writeAtomically,
  writeSafetensors,
} from "../safetensors/index.js";

const weightsFile = "diffusion_pytorch_model.safetensors";

/** Largest finite number of each type; what is beyond would be infinite when it is read again. */
const largest: Record<FloatDtype, number> = { F64: 3.5e38, F32: 3.5e38, BF16: 3.39e38, F16: 65_504 };

/**
 * Saves a model so that `AutoencoderKL.from_pretrained(folder)` of diffusers and `loadAutoencoderKL(folder)` load it:
 * `config.json` and `diffusion_pytorch_model.safetensors`. Each file appears whole or not at all; the folder is made
 * where it is missing.
 *
 * @param dtype type of the stored numbers, rounded to the nearest
 * @throws WeightsError `ERR_WEIGHTS_NOT_FINITE` for NaN, infinite numbers, and numbers too large for the type;
 *   `ERR_WEIGHTS_FOLDER_IN_USE` where a divided model lies in the folder: diffusers would load that one; DiskError
 *   `ERR_DISK_FULL`
 */
export async function saveAutoencoderKL(
  model: AutoencoderKL,
  folder: string,
  { dtype = "F32" }: { dtype?: FloatDtype } = {},
): Promise<void> {
  requirePath("folder", folder);
  await makeFolder(folder);
  const index = path.join(folder, `${weightsFile}.index.json`);
  if (await fs.stat(index).catch(() => undefined)) {
    const message = `${index} belongs to another model, which would be loaded instead of this one. Choose another folder, or remove it.`;
    throw new WeightsError("ERR_WEIGHTS_FOLDER_IN_USE", message, { file: index });
  }
  const tensors = [...listParameters(model.config)].map(([name, parameter]) =>
    tensorToWrite(model, name, parameter, dtype),
  );
  await writeSafetensors(path.join(folder, weightsFile), tensors, { metadata: { format: "pt" } });
  await writeAtomically(path.join(folder, "config.json"), async (handle) => {
    await handle.writeFile(`${JSON.stringify(toDiffusersConfig(model.config), null, 2)}\n`);
  });
}

/** Reads the parameter from the engine when its turn comes. */
function tensorToWrite(
  model: AutoencoderKL,
  name: string,
  parameter: ParameterShape,
  dtype: FloatDtype,
): TensorToWrite {
  const bytes = async () => {
    const values = (await requireParameter(model.parameters, name).data()) as Float32Array;
    for (const value of values) {
      if (Math.abs(value) <= largest[dtype]) continue;
      const message = `The parameter "${name}" has the value ${value}, which ${dtype} cannot hold. Nothing was saved.`;
      throw new WeightsError("ERR_WEIGHTS_NOT_FINITE", message, { tensor: name });
    }
    const tensor = floatTensor(name, parameter.shape, toTorchLayout(parameter, values), dtype);
    return typeof tensor.bytes === "function" ? tensor.bytes() : tensor.bytes;
  };
  return { name, dtype, shape: parameter.shape, bytes };
}
