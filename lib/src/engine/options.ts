import { EngineError } from "../errors.js";
import type { DeviceName, EngineName, EngineOptions, Precision } from "./engine.js";

const devices: readonly DeviceName[] = ["auto", "cpu", "cuda"];
const precisions: readonly Precision[] = ["float32", "tf32", "bfloat16"];

/**
 * Checks the words, which JavaScript and JSON do not.
 *
 * @throws EngineError `ERR_ENGINE_OPTION`
 */
export function requireKnownOptions({ device, precision }: EngineOptions): void {
  const check = (option: string, value: string | undefined, known: readonly string[]) => {
    if (value === undefined || known.includes(value)) return;
    const names = known.map((name) => `"${name}"`).join(", ");
    throw new EngineError("ERR_ENGINE_OPTION", `${option} has to be one of ${names}, not "${value}".`);
  };
  check("device", device, devices);
  check("precision", precision, precisions);
}

/**
 * For an engine that has these devices and computes in float32 alone.
 *
 * @throws EngineError `ERR_ENGINE_OPTION` for any other wish
 */
export function requireFloat32On(
  name: EngineName,
  available: readonly DeviceName[],
  { device = "auto", precision = "float32" }: EngineOptions,
): void {
  if (device !== "auto" && !available.includes(device)) throw lacks(name, `device "${device}"`, "cuda");
  if (precision !== "float32") throw lacks(name, `precision "${precision}"`, precision);
}

function lacks(name: EngineName, what: string, wish: string): EngineError {
  const options = wish === "cuda" ? '{ device: "cuda" }' : `{ precision: "${wish}" }`;
  return new EngineError(
    "ERR_ENGINE_OPTION",
    `The ${name} engine has no ${what}: it computes in float32${name === "wasm" ? " on the CPU" : ""}. The torch engine on an NVIDIA GPU has it.`,
    `await engine.use("torch", ${options})`,
  );
}
