import fc from "fast-check";

/** The four JSON frames of a message, as texts. */
export type JsonFrames = [header: string, parentHeader: string, metadata: string, content: string];

/** Every request that the kernel knows, with a content that it understands. `shutdown_request` would be obeyed. */
export const contents: Record<string, Record<string, unknown>> = {
  execute_request: {
    code: "1 + 1",
    silent: false,
    store_history: true,
    user_expressions: { two: "1 + 1" },
    allow_stdin: false,
    stop_on_error: false,
  },
  kernel_info_request: {},
  complete_request: { code: "Math.ab", cursor_pos: 7 },
  inspect_request: { code: "Math.abs", cursor_pos: 4, detail_level: 0 },
  is_complete_request: { code: "1 +" },
  history_request: {
    output: false,
    raw: true,
    hist_access_type: "tail",
    session: 0,
    start: 0,
    stop: 5,
    n: 3,
    pattern: "*",
    unique: false,
  },
  comm_info_request: { target_name: "fuzz" },
  comm_open: { comm_id: "fuzz", target_name: "fuzz", data: { a: 1 } },
  comm_msg: { comm_id: "fuzz", data: { method: "update", state: { a: 1 }, buffer_paths: [["a"]] } },
  comm_close: { comm_id: "fuzz", data: {} },
  interrupt_request: {},
  debug_request: { type: "request", seq: 1, command: "debugInfo" },
  create_subshell_request: {},
  delete_subshell_request: { subshell_id: "fuzz" },
  list_subshell_request: {},
  input_reply: { status: "ok", value: "x" },
};

const hierarchies = fc.constantFrom("tail", "range", "search");
const numbers = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(-1, 0, 1e308, -1e308, 2 ** 53, -(2 ** 53), 0.5, Number.MIN_VALUE),
);
const texts = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("", "NaN", "-Infinity", "\0", "\ud800", "a\udc00b", "🙂".repeat(50), "*".repeat(200)),
);
const names = fc.oneof(
  texts,
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "valueOf", "toJSON", "then", "length"),
);

/** Any JSON, with the names and values that JavaScript is known to stumble over. */
export const values: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    numbers,
    texts,
    hierarchies,
    fc.array(tie("value"), { maxLength: 4 }),
    // Not `fc.dictionary`, which leaves "__proto__" out.
    fc.array(fc.tuple(names, tie("value")), { maxLength: 4 }).map(toObject),
  ),
})).value;

function toObject(entries: [string, unknown][]): object {
  const object = {};
  for (const [name, value] of entries)
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  return object;
}

/** Texts that are values where JavaScript has none, and numbers beyond its own. */
const rawJson = fc.oneof(
  fc.constantFrom("1e999", "-1e999", `1${"0".repeat(400)}`, "[[[[]]]]", '{"a":1,"a":2}', '"\\ud800"'),
  fc.integer({ min: 500, max: 100_000 }).map((depth) => "[".repeat(depth) + "]".repeat(depth)),
  fc.integer({ min: 500, max: 100_000 }).map((depth) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`),
);
const anyJson = fc.oneof(
  { weight: 8, arbitrary: values.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: rawJson },
);

const messageIds = fc.oneof(fc.uuid(), fc.constant("the same for many"));

const header = (type: string, messageId: string) => ({
  msg_id: messageId,
  session: "fuzz",
  username: "fuzz",
  date: new Date(0).toISOString(),
  msg_type: type,
  version: "5.4",
});

const toJson = (fields: Record<string, string>) =>
  `{${Object.entries(fields)
    .map(([name, text]) => `${JSON.stringify(name)}:${text}`)
    .join()}}`;

/** An object's fields, some of them with other values, fields of the message as well as others. */
export function changed(fields: Record<string, unknown>): fc.Arbitrary<string> {
  const own = Object.keys(fields);
  const name = own.length > 0 ? fc.oneof(fc.constantFrom(...own), fc.constantFrom(...own), names) : names;
  const changes = fc.array(fc.tuple(name, anyJson), { minLength: 0, maxLength: 2 });
  return changes.map((list) => {
    const texts = Object.entries(fields).map(([key, value]): [string, string] => [
      key,
      JSON.stringify(value),
    ]);
    return toJson(Object.fromEntries([...texts, ...list]));
  });
}

/** Requests of every type, with wrong types in any of their fields. */
export const requests: fc.Arbitrary<JsonFrames> = fc
  .constantFrom(...Object.keys(contents), "frobnicate_request", "status", "__proto__", "constructor")
  .chain((type) =>
    fc.tuple(
      messageIds.chain((messageId) =>
        fc.oneof(
          { weight: 6, arbitrary: fc.constant(JSON.stringify(header(type, messageId))) },
          { weight: 2, arbitrary: changed({ ...header(type, messageId), subshell_id: null }) },
        ),
      ),
      fc.oneof({ weight: 10, arbitrary: fc.constant("{}") }, { weight: 1, arbitrary: anyJson }),
      fc.oneof({ weight: 10, arbitrary: fc.constant("{}") }, { weight: 1, arbitrary: anyJson }),
      fc.oneof({ weight: 12, arbitrary: changed(contents[type] ?? {}) }, { weight: 1, arbitrary: anyJson }),
    ),
  );

/** A request to run code, as the four frames of a message. */
export const executeFrames = (code: string): JsonFrames => [
  JSON.stringify(header("execute_request", "forged")),
  "{}",
  "{}",
  JSON.stringify({ ...contents.execute_request, code }),
];
