import { expect, it } from "vitest";
import { philox } from "../../../src/engine/plain/philox.js";

/** Known answers of Philox4x32-10 from the test vectors of the authors' Random123 library. */
it.each([
  {
    counter: [0, 0, 0, 0],
    key: [0, 0],
    answer: ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"],
  },
  {
    counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    key: [0xffffffff, 0xffffffff],
    answer: ["408f276d", "41c83b0e", "a20bc7c6", "6d5451fd"],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    answer: ["d16cfe09", "94fdcceb", "5001e420", "24126ea1"],
  },
])("philox of counter $counter under key $key is the published one", ({ counter, key, answer }) => {
  const words = Int32Array.from(counter);
  philox(words, (key[0] as number) | 0, (key[1] as number) | 0);
  expect(Array.from(words, (word) => (word >>> 0).toString(16).padStart(8, "0"))).toEqual(answer);
});
