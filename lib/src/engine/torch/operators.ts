import { EngineError } from "../../errors.js";
import type { Addon, Handle, OperatorArgument, OperatorResult } from "./addon.js";
import { runtime } from "./runtime.js";

interface Declaration {
  name: string;
  overload: string;
  /** The addon's number of it, once resolved. */
  number: number;
}

const declarations: Declaration[] = [];

/**
 * Declares one of libtorch's operators by its name in PyTorch's schemas, for example `aten::add.Tensor`. Arguments come
 * in the schema's order and can be left out from the right; tensors are handles. The results are freed at the end of
 * the scope (`inScope`), unless `keep` takes them out of it.
 */
export function operator<Result extends OperatorResult = Handle>(
  signature: string,
): (...args: OperatorArgument[]) => Result {
  const [name = "", overload = ""] = signature.split(".");
  const declaration: Declaration = { name, overload, number: -1 };
  declarations.push(declaration);
  return (...args) => {
    const result = runtime.addon.call(declaration.number, ...args);
    if (typeof result === "number") scope.push(result);
    else if (Array.isArray(result)) scope.push(...(result as Handle[]));
    return result as Result;
  };
}

/**
 * Looks all declared operators up, so that a libtorch that lacks one is found at the start and not during a training.
 *
 * @throws EngineError `ERR_ENGINE_UNAVAILABLE`
 */
export function resolveOperators(addon: Addon): void {
  const missing: string[] = [];
  for (const declaration of declarations) {
    const { name, overload } = declaration;
    try {
      declaration.number = addon.op(name, overload);
    } catch {
      missing.push(overload ? `${name}.${overload}` : name);
    }
  }
  if (missing.length === 0) return;
  throw new EngineError(
    "ERR_ENGINE_UNAVAILABLE",
    `The torch engine cannot start: torch ${addon.info().torch} has no ${missing.join(", ")}. Set it up again: \`npm run setup -- --engine torch\`.`,
    "npm run setup -- --engine torch",
  );
}

/** Handles made since the scope began. */
let scope: Handle[] = [];

/** Runs `work` and then frees the handles that operators have returned in it, also when it throws. */
export function inScope<Result>(work: () => Result): Result {
  const outer = scope;
  scope = [];
  try {
    return work();
  } finally {
    // 0 stands for a result that an operator did not compute.
    if (scope.length > 0) runtime.addon.free(scope.filter((handle) => handle !== 0));
    scope = outer;
  }
}

/** Takes a handle out of the scope: the caller frees it. One that does not belong to the scope is aliased. */
export function keep(handle: Handle): Handle {
  if (scope.at(-1) === handle) {
    scope.pop();
    return handle;
  }
  const index = scope.lastIndexOf(handle);
  if (index < 0) return runtime.addon.alias(handle);
  scope.splice(index, 1);
  return handle;
}

/** Puts a handle into the scope: it is freed at its end. */
export function release(handle: Handle): Handle {
  scope.push(handle);
  return handle;
}
