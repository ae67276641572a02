/** What converted cells call, and where their variables are. */
export interface CellRuntime {
  /** The notebook's variables. */
  readonly scope: Record<string, unknown>;
  /** The same for names that no cell had given a value when the code that uses them was converted. */
  readonly late: Record<string, unknown>;
  /** Every `await` of a cell waits through this, so that an interrupt can end it. */
  checkpoint<Value>(awaited: Value): Promise<Awaited<Value>>;
  /** The same for `for await`. */
  checkpointEach<Value>(source: AsyncIterable<Value> | Iterable<Value>): AsyncIterable<Awaited<Value>>;
  /** What a cell gives to `then`, `catch` or `finally` is called through this. Anything but functions stays as it is. */
  callback<Value>(value: Value): Value;
  /** `import(specifier, options)` as from a file in the notebook's folder. */
  import(specifier: string, options?: ImportCallOptions): Promise<object>;
  /** Makes names of a module variables of the notebook. @param names by their names in the notebook; `*` is the module */
  bind(module: object, names: Record<string, string>): void;
  /** A cell's `import.meta`. */
  readonly meta: ImportMeta;
}

const slot = Symbol.for("latentlab.cells");

/** The expression by which converted code gets the runtime. */
export const runtimeExpression = `globalThis[Symbol.for(${JSON.stringify(slot.description)})]`;

export function installCellRuntime(runtime: CellRuntime): void {
  (globalThis as { [slot]?: CellRuntime })[slot] = runtime;
}

/** Puts names of a module into the scope: as long as no cell declares them anew, they are what they are there. */
export function bindNames(scope: CellRuntime["scope"], module: object, names: Record<string, string>): void {
  for (const [local, imported] of Object.entries(names)) {
    const declare = (property: PropertyDescriptor) =>
      Object.defineProperty(scope, local, { configurable: true, enumerable: true, ...property });
    if (imported === "*") declare({ value: module, writable: true });
    else {
      declare({
        get: () => (module as Record<string, unknown>)[imported],
        set: (value) => declare({ value, writable: true }),
      });
    }
  }
}

/** Goes through `source` with a checkpoint at every turn. */
export function checkpointEachWith(checkpoint: CellRuntime["checkpoint"]): CellRuntime["checkpointEach"] {
  return async function* checkpointEach(source) {
    for await (const value of source) yield await checkpoint(value);
  };
}
