import type { AnyModel } from "@anywidget/types";

/** A state as the view gets it: typed arrays arrive as `DataView`. */
export type Wire<State> = {
  [Key in keyof State]: State[Key] extends Float32Array | Uint8Array | null
    ? DataView | Exclude<State[Key], Float32Array | Uint8Array>
    : State[Key];
};

export type ViewModel<State extends object> = AnyModel<Wire<State>>;

/** Float32 values of a binary state field. Copied: a message's buffer need not be aligned to four bytes. */
export function readFloats(view: DataView): Float32Array {
  return new Float32Array(
    view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength) as ArrayBuffer,
  );
}

export function readBytes(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Calls `action` when one of the fields changes, until `signal` aborts. */
export function onChange<State extends object>(
  model: ViewModel<State>,
  fields: readonly (keyof State & string)[],
  action: () => void,
  signal: AbortSignal,
): void {
  for (const field of fields) {
    model.on(`change:${field}`, action);
    signal.addEventListener("abort", () => model.off(`change:${field}`, action));
  }
}

/** Writes fields to the kernel and to the other views of this model. */
export function write<State extends object>(model: ViewModel<State>, changes: Partial<Wire<State>>): void {
  for (const key of Object.keys(changes) as (keyof Wire<State>)[]) {
    model.set(key, changes[key] as Wire<State>[typeof key]);
  }
  model.save_changes();
}
