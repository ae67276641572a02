import { inspect, types } from "node:util";

/** By which Node, before 24, notes on promises and timers to which asynchronous context they belong. */
const notes: ReadonlySet<string | undefined> = new Set([
  "kResourceStore",
  "async_id_symbol",
  "trigger_async_id_symbol",
]);

type Draw = (this: object, ...args: unknown[]) => unknown;

/** Shows promises and timers without what `AsyncLocalStorage` keeps on them, which is the kernel's. */
export function hideContexts(): void {
  hideIn(Promise.prototype);
  const timer = setTimeout(() => {}, 0);
  const immediate = setImmediate(() => {});
  for (const one of [timer, immediate]) hideIn(Object.getPrototypeOf(one));
  clearTimeout(timer);
  clearImmediate(immediate);
}

function hideIn(prototype: object): void {
  const draw = (prototype as { [inspect.custom]?: Draw })[inspect.custom];
  Object.defineProperty(prototype, inspect.custom, {
    configurable: true,
    writable: true,
    value(this: object, ...args: unknown[]): unknown {
      hideNotes(this);
      // What returns itself is shown as it would be without this method.
      return draw ? draw.apply(this, args) : this;
    },
  });
}

/** The notes themselves stay. */
function hideNotes(value: object): void {
  if (types.isProxy(value)) return;
  for (const symbol of Object.getOwnPropertySymbols(value)) {
    if (notes.has(symbol.description)) Reflect.defineProperty(value, symbol, { enumerable: false });
  }
}
