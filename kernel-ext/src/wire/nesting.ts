const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = Buffer.from(
  '"\\{}[]',
) as unknown as [number, number, number, number, number, number];

/** Whether a JSON text has objects and arrays within one another, more than `limit` of them. */
export function nestsDeeperThan(json: Uint8Array, limit: number): boolean {
  // Each takes two characters.
  if (json.length < 2 * limit) return false;
  let [depth, inText] = [0, false];
  for (let index = 0; index < json.length; index++) {
    const byte = json[index];
    if (inText) {
      if (byte === backslash) index++;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > limit) return true;
    } else if (byte === closeBrace || byte === closeBracket) depth--;
  }
  return false;
}
