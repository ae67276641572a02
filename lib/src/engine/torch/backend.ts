import * as tf from "@tensorflow/tfjs-core";
import { EngineError } from "../../errors.js";
import type { Handle } from "./addon.js";
import { type Entry, newEntry, readHostValues, toTypedArray, type Values, valueOfAll } from "./entry.js";
import { explainFailure } from "./failure.js";
import { inScope, keep, operator } from "./operators.js";
import { runtime } from "./runtime.js";
import { bytesOf, scalarTypeOf } from "./types.js";

/** Thrown where a kernel asks for the handle of a tensor of strings. See `defineKernel`. */
export class StringsHaveNoHandle extends Error {}

const full = operator("aten::full");
const toDevice = operator("aten::to.device");
const cast = operator("aten::to.dtype");
const clone = operator("aten::clone");
const viewAsReal = operator("aten::view_as_real");

/** Keeps the tensors of the TensorFlow.js backend "torch". What is computed with them stands in `kernels/`. */
export class TorchBackend extends tf.KernelBackend {
  private entries = new WeakMap<object, Entry>();
  private entryCount = 0;
  /** Bytes of the tensors that have a handle; views count like tensors of their own. */
  bytes = 0;
  /** Entries made while autograd records, so that those that outlive it can be cut off from the graph. */
  private recorded: Entry[] = [];

  /** A net for tensors that nobody disposes of. It holds the entries, which hold no data ids: those die freely. */
  private abandoned = new FinalizationRegistry<Entry>((entry) => this.forget(entry));

  // What kernels use

  /** The tensor's handle, borrowed: do not free it. */
  handle(tensor: tf.TensorInfo): Handle {
    const entry = this.entry(tensor);
    if (entry.handle === 0 || entry.device !== runtime.device) return this.materialise(entry);
    runtime.capture?.use(entry);
    return entry.handle;
  }

  /** The number that all elements have, where that is known without looking. */
  constantOf(tensor: tf.TensorInfo): number | undefined {
    return this.entry(tensor).constant;
  }

  /** Makes a tensor of a handle from the scope. */
  output(handle: Handle, shape: number[], dtype: tf.DataType): tf.TensorInfo {
    const entry = newEntry(shape, dtype, { handle: keep(handle) });
    this.bytes += tf.util.sizeFromShape(shape) * bytesOf(dtype);
    if (runtime.recording) this.recorded.push(entry);
    runtime.capture?.made(entry);
    return this.register(entry);
  }

  /** Like `output`, for a handle that may share the memory of `source`. */
  view(source: tf.TensorInfo, handle: Handle, shape: number[], dtype = source.dtype): tf.TensorInfo {
    const { mutable } = this.entry(source);
    return this.output(mutable && !runtime.recording ? clone(handle) : handle, shape, dtype);
  }

  /** A tensor whose elements are all `value`; costs nothing until a kernel needs it. */
  constant(value: number, shape: number[], dtype: tf.DataType): tf.TensorInfo {
    if (dtype === "complex64") {
      return this.output(full(shape, value, scalarTypeOf(dtype), null, runtime.device), shape, dtype);
    }
    const constant = dtype === "float32" ? Math.fround(value) : value;
    return this.register(newEntry(shape, dtype, { constant }));
  }

  /** Another tensor on the same data. */
  share(tensor: tf.TensorInfo): tf.TensorInfo {
    const entry = this.entry(tensor);
    const { dataId, shape, dtype } = tensor;
    if (entry.mutable) return this.view(tensor, this.handle(tensor), shape);
    entry.references += 1;
    return { dataId, shape, dtype };
  }

  /** A tensor of TensorFlow.js, in the scope of the calling `tf.tidy`. */
  tensor<Shape extends tf.Tensor>(info: tf.TensorInfo): Shape {
    return tf.engine().makeTensorFromTensorInfo(info) as Shape;
  }

  // What gradients and optimisers use

  entry(tensor: tf.TensorInfo): Entry {
    const entry = this.entries.get(tensor.dataId);
    return entry ?? this.bringOver(tensor);
  }

  /** Memory of its own for an entry whose data are about to be updated in place on behalf of one of its holders. */
  separate(entry: Entry): void {
    inScope(() => this.replaceHandle(entry, keep(clone(entry.handle))));
  }

  private replaceHandle(entry: Entry, handle: Handle): void {
    if (entry.handle !== 0) runtime.addon.free(entry.handle);
    entry.handle = handle;
    entry.device = runtime.device;
  }

  /**
   * Cuts all that was recorded and still lives off from autograd's graph, which would live on with it. What mixed
   * precision has made becomes float32, as other kernels expect it.
   */
  endRecording(): void {
    for (const entry of this.recorded) {
      // A parameter that has been made ready meanwhile is where the graph begins.
      if (entry.handle === 0 || entry.mutable) continue;
      const isMixed = runtime.precision === "bfloat16" && entry.dtype === "float32";
      inScope(() => {
        const handle = isMixed ? cast(entry.handle, scalarTypeOf("float32")) : entry.handle;
        this.replaceHandle(entry, runtime.addon.detach(handle));
      });
    }
    this.recorded = [];
  }

  // What TensorFlow.js calls

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    if (dtype === "string") {
      return this.register(newEntry(shape, dtype, { strings: values as Uint8Array[] })).dataId;
    }
    const numbers = toTypedArray(values as ArrayLike<number>, dtype);
    const constant = valueOfAll(numbers);
    if (constant !== undefined) return this.constant(constant, shape, dtype).dataId;
    return inScope(() => {
      const type = scalarTypeOf(dtype);
      const handle = attempt("Making a tensor", { values: { shape, dtype, dataId: {} } }, () =>
        runtime.addon.upload(numbers, shape, runtime.device, type),
      );
      const info = this.output(handle, shape, dtype);
      runtime.addon.free(handle);
      return info.dataId;
    });
  }

  override move(
    dataId: tf.DataId,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    references: number,
  ): void {
    const written = this.write(values, shape, dtype);
    const entry = this.entries.get(written) as Entry;
    entry.references = references;
    this.entries.delete(written);
    this.entries.set(dataId, entry);
    this.abandoned.unregister(entry);
    this.abandoned.register(dataId, entry, entry);
  }

  override readSync(dataId: tf.DataId): Values {
    const entry = this.entries.get(dataId) as Entry;
    return readHostValues(entry) ?? this.download(entry, (handle) => runtime.addon.download(handle));
  }

  override async read(dataId: tf.DataId): Promise<Values> {
    const entry = this.entries.get(dataId) as Entry;
    return readHostValues(entry) ?? this.download(entry, (handle) => runtime.addon.downloadAsync(handle));
  }

  override disposeData(dataId: tf.DataId, force = false): boolean {
    const entry = this.entries.get(dataId);
    if (!entry) return true;
    entry.references -= 1;
    if (entry.references > 0 && !force) return false;
    this.abandoned.unregister(entry);
    this.entries.delete(dataId);
    this.forget(entry);
    return true;
  }

  override refCount(dataId: tf.DataId): number {
    return this.entries.get(dataId)?.references ?? 0;
  }

  override incRef(dataId: tf.DataId): void {
    const entry = this.entries.get(dataId);
    if (entry) entry.references += 1;
  }

  decRef(dataId: tf.DataId): void {
    const entry = this.entries.get(dataId);
    if (entry) entry.references -= 1;
  }

  override numDataIds(): number {
    return this.entryCount;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override async time(query: () => void): Promise<tf.BackendTimingInfo> {
    runtime.addon.synchronize();
    const start = performance.now();
    query();
    runtime.addon.synchronize();
    return { kernelMs: performance.now() - start, getExtraProfileInfo: () => "" };
  }

  override timerAvailable(): boolean {
    return true;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}

  // Inside

  private register(entry: Entry): tf.TensorInfo {
    const dataId = {};
    this.entries.set(dataId, entry);
    this.entryCount += 1;
    this.abandoned.register(dataId, entry, entry);
    return { dataId, shape: entry.shape, dtype: entry.dtype };
  }

  /** From the engine that was in use before. */
  private bringOver(tensor: tf.TensorInfo): Entry {
    const engine = tf.engine();
    if (!engine.state.tensorInfo.has(tensor.dataId)) {
      const id = (tensor as tf.Tensor).id;
      const name = id === undefined ? "A tensor" : `Tensor ${id}`;
      throw new EngineError(
        "ERR_TENSOR_FREED",
        `${name} of shape [${tensor.shape.join(", ")}] has been disposed of and cannot be used any more. Keep it out of the \`tf.tidy\` or \`dispose\` that frees it, for example with \`tf.keep\`.`,
      );
    }
    engine.moveData(this, tensor.dataId);
    return this.entries.get(tensor.dataId) as Entry;
  }

  /** Makes the handle of a constant, or brings it to the device that is in use now. */
  private materialise(entry: Entry): Handle {
    if (entry.strings) throw new StringsHaveNoHandle();
    const { shape, dtype, constant } = entry;
    if (constant === undefined) {
      this.replaceHandle(entry, keep(toDevice(entry.handle, runtime.device, scalarTypeOf(dtype))));
      if (entry.mutable) entry.mutable = false;
      return entry.handle;
    }
    const value = full(shape, constant, scalarTypeOf(dtype), null, runtime.device);
    // In a capture the numbers exist only when the graph has been replayed, so they serve this one call.
    if (runtime.capture) return value;
    if (entry.handle === 0) this.bytes += tf.util.sizeFromShape(shape) * bytesOf(dtype);
    this.replaceHandle(entry, keep(value));
    return entry.handle;
  }

  private download<Result>(entry: Entry, read: (handle: Handle) => Result): Result {
    return attempt("Reading a tensor", { values: { ...entry, dataId: {} } }, () =>
      inScope(() => {
        if (entry.dtype === "complex64") return read(viewAsReal(entry.handle));
        // Indices that operators return are int64, and autocast makes bfloat16: the reader gets the nominal type.
        return read(entry.dtype === "bool" ? cast(entry.handle, scalarTypeOf("bool")) : entry.handle);
      }),
    );
  }

  /** Of an entry that no data id leads to any more. */
  private forget(entry: Entry): void {
    this.entryCount -= 1;
    if (entry.handle === 0) return;
    runtime.addon.free(entry.handle);
    entry.handle = 0;
    this.bytes -= tf.util.sizeFromShape(entry.shape) * bytesOf(entry.dtype);
  }
}

/** Runs what calls the addon outside of a kernel. */
export function attempt<Result>(
  what: string,
  inputs: Record<string, tf.TensorInfo>,
  work: () => Result,
): Result {
  try {
    return work();
  } catch (error) {
    throw explainFailure(error, what, inputs);
  }
}
