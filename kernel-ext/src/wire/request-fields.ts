import type { JsonObject } from "./message.js";

type FieldType = "string" | "number" | "boolean" | "object";

const code = { code: "string", cursor_pos: "number" } as const;
const comm = { comm_id: "string", target_name: "string", data: "object" } as const;

/** The fields that the kernel reads of each message's content. */
const fieldsByType = new Map<string, Record<string, FieldType>>([
  [
    "execute_request",
    {
      code: "string",
      silent: "boolean",
      store_history: "boolean",
      user_expressions: "object",
      allow_stdin: "boolean",
      stop_on_error: "boolean",
    },
  ],
  ["complete_request", code],
  ["inspect_request", { ...code, detail_level: "number" }],
  ["is_complete_request", code],
  [
    "history_request",
    {
      output: "boolean",
      hist_access_type: "string",
      session: "number",
      start: "number",
      stop: "number",
      n: "number",
      pattern: "string",
      unique: "boolean",
    },
  ],
  ["comm_info_request", { target_name: "string" }],
  ["comm_open", comm],
  ["comm_msg", comm],
  ["comm_close", comm],
  ["shutdown_request", { restart: "boolean" }],
  ["delete_subshell_request", { subshell_id: "string" }],
  ["input_reply", { value: "string" }],
]);

/**
 * A message's content without the fields that are of another type than the protocol says: they count as left out. Whoever
 * reads a field needs to think of its absence alone.
 */
export function withoutWrongFields(messageType: string, content: JsonObject): JsonObject {
  const fields = fieldsByType.get(messageType);
  if (!fields) return content;
  const right = Object.entries(content).filter(
    ([name, value]) => !Object.hasOwn(fields, name) || isOfType(value, fields[name]),
  );
  return Object.fromEntries(right);
}

function isOfType(value: unknown, type: FieldType | undefined): boolean {
  return type === "object"
    ? typeof value === "object" && value !== null && !Array.isArray(value)
    : typeof value === type;
}
