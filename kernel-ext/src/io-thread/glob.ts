/**
 * Whether `pattern` fits all of `text`: `*` stands for any text, `?` for one character, as in IPython's history search.
 * No regular expression, since patterns come from outside: with many `*` one would try for ages and block the sockets.
 * Here only the latest `*` ever takes in more text, which suffices, so the time is at most the product of the lengths.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  let textIndex = 0;
  let patternIndex = 0;
  let starIndex = -1;
  /** Where the text ends that the latest `*` stands for. */
  let starEnd = 0;
  while (textIndex < text.length) {
    const expected = pattern[patternIndex];
    if (expected === "*") {
      starIndex = patternIndex++;
      starEnd = textIndex;
    } else if (expected === "?" || expected === text[textIndex]) {
      patternIndex++;
      textIndex++;
    } else if (starIndex >= 0) {
      patternIndex = starIndex + 1;
      textIndex = ++starEnd;
    } else {
      return false;
    }
  }
  while (pattern[patternIndex] === "*") patternIndex++;
  return patternIndex === pattern.length;
}
