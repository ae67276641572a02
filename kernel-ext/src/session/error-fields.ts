import { inspectSafely, isError } from "../base/inspect-safely.js";

/** What an error has besides its name, its message and its stack. */
export interface OwnFields {
  /** Values as Node shows them, `{ code: 'ENOENT' }`, in lines. */
  values: string[];
  /** Errors, such as those of an `AggregateError`, by their field. */
  nested: [field: string, error: unknown][];
}

/** Shown elsewhere. */
const ordinary: ReadonlySet<PropertyKey> = new Set(["name", "message", "stack", "cause"]);
/** Errors of packages carry requests, responses and more with them. */
const maxLines = 20;
const maxErrors = 20;
const compact = { depth: 1, breakLength: 100, maxArrayLength: 10, maxStringLength: 500 };

/** Does not throw, and calls no getters. */
export function ownFields(error: Error): OwnFields {
  const nested: OwnFields["nested"] = [];
  const values: Record<string, unknown> = {};
  for (const [name, property] of propertiesOf(error)) {
    const { value } = property;
    if (isError(value)) nested.push([name, value]);
    else if (isListOfErrors(value))
      nested.push(...value.slice(0, maxErrors).map((one, index) => entry(`${name}[${index}]`, one)));
    else if (property.enumerable) Object.defineProperty(values, name, property);
  }
  const hasValues = Object.keys(values).length > 0;
  return { values: hasValues ? clip(inspectSafely(values, compact).split("\n")) : [], nested };
}

function propertiesOf(error: Error): [string, PropertyDescriptor][] {
  try {
    const properties = Object.entries(Object.getOwnPropertyDescriptors(error));
    return properties.filter(([name]) => !ordinary.has(name));
  } catch {
    return []; // a proxy that does not say
  }
}

function isListOfErrors(value: unknown): value is Error[] {
  try {
    return Array.isArray(value) && value.length > 0 && value.every(isError);
  } catch {
    return false; // a proxy that has been revoked
  }
}

function entry(field: string, error: Error): [string, Error] {
  return [field, error];
}

function clip(lines: string[]): string[] {
  return lines.length > maxLines ? [...lines.slice(0, maxLines), "  ..."] : lines;
}
