import { ConfigError } from "./errors.js";

/** Throws unless `value` is a whole number of at least `minimum`. */
export function requireInteger(name: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) {
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `${name} has to be a whole number of at least ${minimum}, not ${value}.`,
    );
  }
}

/** Throws unless `value` is a text that can be a path on this machine: not empty, no NUL character. */
export function requirePath(name: string, value: unknown): asserts value is string {
  if (typeof value !== "string" || value === "" || value.includes("\0")) {
    const given = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new ConfigError(
      "ERR_OPTION_OUT_OF_RANGE",
      `${name} has to be a path, not ${given}. The folder that you are in is ".".`,
    );
  }
}

/** Throws unless `value` is finite and at least `minimum` (or above it, where `exclusive`). */
export function requireNumber(name: string, value: number, minimum: number, exclusive = false): void {
  const tooSmall = exclusive ? value <= minimum : value < minimum;
  if (!Number.isFinite(value) || tooSmall) {
    const bound = exclusive ? `above ${minimum}` : `of at least ${minimum}`;
    throw new ConfigError("ERR_OPTION_OUT_OF_RANGE", `${name} has to be a number ${bound}, not ${value}.`);
  }
}
