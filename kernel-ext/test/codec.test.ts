import { describe, expect, it } from "vitest";
import { Codec } from "../src/wire/codec.js";

const key = "a key";
const toBuffers = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame));

function encodeExample(codec = new Codec(key)): Buffer[] {
  return toBuffers(
    codec.encode({
      type: "comm_msg",
      content: { data: { text: "grüße 🙂" } },
      identities: [Buffer.from([0, 255, 1]), Buffer.from("second")],
      metadata: { version: "2.1.0" },
      buffers: [new Uint8Array([1, 2, 3]), new Uint8Array()],
    }),
  );
}

describe("Codec", () => {
  it("reads what it wrote, binary frames included", () => {
    const message = new Codec(key).decode(encodeExample());
    expect(message.header.msg_type).toBe("comm_msg");
    expect(message.content).toEqual({ data: { text: "grüße 🙂" } });
    expect(message.metadata).toEqual({ version: "2.1.0" });
    expect(message.parentHeader).toEqual({});
    expect(message.identities.map((frame) => [...frame])).toEqual([[0, 255, 1], [...Buffer.from("second")]]);
    expect(message.buffers.map((frame) => [...frame])).toEqual([[1, 2, 3], []]);
  });

  it("signs as the protocol prescribes: HMAC-SHA256 over the four JSON frames", async () => {
    const { createHmac } = await import("node:crypto");
    const frames = encodeExample();
    const expected = createHmac("sha256", key)
      .update(Buffer.concat(frames.slice(4, 8)))
      .digest("hex");
    expect(frames[3]?.toString()).toBe(expected);
  });

  it.each([
    ["another key", () => encodeExample(new Codec("another key"))],
    ["no signature", () => encodeExample(new Codec(""))],
    ["a changed content", () => encodeExample().with(7, Buffer.from('{"data":{}}'))],
    ["a signature of the wrong length", () => encodeExample().with(3, Buffer.from("00"))],
  ])("refuses a message with %s", (_name, createFrames) => {
    expect(() => new Codec(key).decode(createFrames())).toThrow(
      expect.objectContaining({ code: "ERR_SIGNATURE_BAD" }),
    );
  });

  it.each([
    ["no delimiter", () => encodeExample().filter((_frame, index) => index !== 2)],
    ["too few frames", () => encodeExample().slice(0, 6)],
    ["nothing at all", () => []],
  ])("refuses a message with %s", (_name, createFrames) => {
    expect(() => new Codec(key).decode(createFrames())).toThrow(
      expect.objectContaining({ code: "ERR_MESSAGE_BROKEN" }),
    );
  });

  it.each(["not json", "[]", "null", '"text"'])("refuses a content frame %j", (content) => {
    const unsigned = new Codec("");
    const frames = encodeExample(unsigned).with(7, Buffer.from(content));
    expect(() => unsigned.decode(frames)).toThrow(expect.objectContaining({ code: "ERR_MESSAGE_BROKEN" }));
  });

  it("neither signs nor checks without a key", () => {
    const unsigned = new Codec("");
    const frames = encodeExample(unsigned);
    expect(frames[3]?.length).toBe(0);
    expect(unsigned.decode(frames).header.msg_type).toBe("comm_msg");
  });
});
