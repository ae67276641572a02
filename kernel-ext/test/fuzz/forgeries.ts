import fc from "fast-check";
import { executeFrames } from "./messages.js";
import { delimiter, type Frame } from "./raw-client.js";

type Sign = (jsonFrames: readonly Frame[]) => string;

/** Makes the frames of a message that is to be dropped; it may look at what the right signature would be. */
export type Forgery = (sign: Sign) => Frame[];

const bytes = fc.uint8Array({ maxLength: 200 });

const inPlaceOfSignature: fc.Arbitrary<(right: string) => Frame> = fc.oneof(
  fc.constantFrom<(right: string) => Frame>(
    () => "",
    (right) => `${right}0`,
    (right) => ` ${right}`,
    (right) => right.replace(/^./, (first) => (first === "0" ? "1" : "0")),
    (right) => [...right].reverse().join(""),
    (right) => right.toUpperCase().replace(/^\d*$/, ""),
    (right) => Buffer.from(right, "hex"),
    () => delimiter,
  ),
  fc.integer({ min: 0, max: 63 }).map((length) => (right: string) => right.slice(0, length)),
  bytes.map((frame) => () => frame),
);

/** Requests to run `code` that nobody who knows the key has made, or not so. */
export function forgeries(code: string): fc.Arbitrary<Forgery> {
  const frames = executeFrames(code);
  const harmless = executeFrames("1");
  const wronglySigned = inPlaceOfSignature.map(
    (change): Forgery =>
      (sign) => [delimiter, change(sign(frames)), ...frames],
  );
  const ofAnotherMessage: Forgery = (sign) => [delimiter, sign(harmless), ...frames];
  const unsigned: Forgery = () => [delimiter, ...frames];
  const signedTwice: Forgery = (sign) => [delimiter, "", sign(frames), ...frames];
  const twoMessages: Forgery = (sign) => [delimiter, sign(harmless), ...harmless.slice(0, 3), ...frames];
  const truncated = fc.integer({ min: 0, max: 5 }).map(
    (count): Forgery =>
      (sign) =>
        [delimiter, sign(frames), ...frames].slice(0, count),
  );
  const withoutDelimiter = fc.constantFrom<Forgery>(
    (sign) => [sign(frames), ...frames],
    (sign) => [delimiter.toLowerCase(), sign(frames), ...frames],
    (sign) => [`${delimiter}\0`, sign(frames), ...frames],
  );
  const random = fc.array(bytes, { minLength: 1, maxLength: 10 }).map(
    (list): Forgery =>
      () =>
        list,
  );
  return fc.oneof(
    { weight: 4, arbitrary: wronglySigned },
    fc.constantFrom(ofAnotherMessage, unsigned, signedTwice, twoMessages),
    truncated,
    withoutDelimiter,
    random,
  );
}
