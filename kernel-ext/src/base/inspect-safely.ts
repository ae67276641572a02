import { type InspectOptions, inspect, types } from "node:util";

/** `util.inspect` for values of which nothing is known: their own ways to be shown may throw, this never does. */
export function inspectSafely(value: unknown, options: InspectOptions = {}): string {
  try {
    return inspect(value, options);
  } catch {
    return inspectFromOutside(value, options);
  }
}

/** The value's fields alone, without its own `[inspect.custom]`. */
function inspectFromOutside(value: unknown, options: InspectOptions): string {
  try {
    return inspect(value, { ...options, customInspect: false });
  } catch {
    return `[${typeof value} that cannot be shown]`;
  }
}

/** A field of a value of which nothing is known: `undefined` where there is none or reading it throws. */
export function readField(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}
