/**
 * Names of the notebook for functions that were there before them: as plain names they would be global ones. What no
 * cell has declared by the time it is needed is looked for among the globals.
 */
export function lateNames(scope: Record<string, unknown>): Record<string, unknown> {
  const homeOf = (name: string): Record<string, unknown> => {
    if (name in scope) return scope;
    if (name in globalThis) return globalThis as Record<string, unknown>;
    throw new ReferenceError(`${name} is not defined`);
  };
  return new Proxy(scope, {
    has: (_, name) => name in scope || name in globalThis,
    get: (_, name) => homeOf(name as string)[name as string],
    set(_, name, value) {
      homeOf(name as string)[name as string] = value;
      return true;
    },
  });
}
