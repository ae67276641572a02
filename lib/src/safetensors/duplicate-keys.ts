/**
 * The first key that an object of this JSON text has twice: `JSON.parse` keeps the last one and says nothing.
 *
 * @param text valid JSON
 */
export function findDuplicateKey(text: string): string | undefined {
  /** Keys of the objects round the current place; arrays have no keys. */
  const open: (Set<string> | undefined)[] = [];
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*:?|[{}[\]]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token === "}" || token === "]") open.pop();
    else if (token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1)); // "\u0061" and "a" are the same key
      const keys = open.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}
