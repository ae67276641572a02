/**
 * The part of a model that a parameter belongs to: its name up to the first number (`decoder.up_blocks.1`), or without
 * its last word where there is none (`encoder.conv_in`).
 */
export function parameterGroup(name: string): string {
  const words = name.split(".");
  const number = words.findIndex((word) => /^\d+$/.test(word));
  return words.slice(0, number > 0 ? number + 1 : Math.max(words.length - 1, 1)).join(".");
}
