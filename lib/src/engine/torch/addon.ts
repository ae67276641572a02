/**
 * The face of the native addon (`lib/native`): libtorch's operators by their schemas, and the few things round them
 * that are no operators. Tensors are numbers here, *handles*: a slot's index and the count of its reuses, so that a
 * handle that has been freed is refused and never names another tensor.
 */
export interface Addon {
  // Operators
  /** Looks an operator up, for example `op("aten::add", "Tensor")`. Throws `ERR_TORCH_OPERATOR` where there is none. */
  op(name: string, overload: string): number;
  /** The operator's signature, for messages. */
  schema(op: number): string;
  /** Calls it. Arguments in the schema's order: handles, numbers, booleans, strings, arrays of these, null for none. */
  call(op: number, ...args: OperatorArgument[]): OperatorResult;

  // Data
  /** Copies host data into a new tensor on `device` ("cpu" or "cuda"); `type` is a `ScalarType`. */
  upload(data: TypedArray, shape: number[], device: string, type: number): Handle;
  /** Copies to the host, waiting for the device. float32, int32, or uint8 for booleans; other types are converted. */
  download(tensor: Handle): Float32Array | Int32Array | Uint8Array;
  /** Like `download`, without blocking this thread. */
  downloadAsync(tensor: Handle): Promise<Float32Array | Int32Array | Uint8Array>;
  shape(tensor: Handle): number[];
  type(tensor: Handle): number;
  device(tensor: Handle): string;
  /** Another handle on the same tensor. */
  alias(tensor: Handle): Handle;
  /** The same data without its history of gradients. */
  detach(tensor: Handle): Handle;
  free(tensors: Handle | Handle[]): void;
  /** What a handle names or named, for messages: "[2, 3] float32 on cpu, freed". */
  describe(tensor: Handle): string;
  /** Live handles. */
  handleCount(): number;

  // Gradients
  /** Whether operators are recorded for gradients from now on; returns how it was. */
  recordGradients(on: boolean): boolean;
  /** Marks a parameter: gradients with respect to it can be asked for. */
  requireGradient(tensor: Handle): void;
  /** d value / d inputs, each with the strides of its input; 0 where the value does not depend on it. */
  gradients(value: Handle, inputs: Handle[], createGraph: boolean): Handle[];
  /** Mixed precision from now on: the operators of torch's list compute in `type`. Null ends it, and its cache. */
  autocast(device: string, type: number | null): void;

  // The process and its device
  info(): AddonInfo;
  /** Threads of the CPU's operators. */
  setThreads(count: number): void;
  setTf32(on: boolean): void;
  /** On a GPU: only algorithms whose results are the same at every repetition, or the fastest. */
  setDeterministic(on: boolean): void;
  /** Waits until the device has done all its work. */
  synchronize(): void;
  /** Zeros without a GPU. */
  memory(): { allocatedBytes: number; peakBytes: number; reservedBytes: number };
  /** The peak of memory counts from now on. */
  resetPeak(): void;
  emptyCache(): void;

  // CUDA graphs (only where `info().cuda` says so)
  /** From now on work is recorded into a new graph instead of being done. */
  captureBegin(): number;
  captureEnd(graph: number): void;
  /** Ends a recording that failed, and frees it. */
  captureAbort(graph: number): void;
  replay(graph: number): void;
  freeGraph(graph: number): void;
}

export type Handle = number;
export type OperatorArgument = Handle | boolean | string | null | OperatorArgument[];
export type OperatorResult = Handle | boolean | string | undefined | OperatorResult[];
export type TypedArray = Float32Array | Int32Array | Uint8Array;

export interface AddonInfo {
  /** Version of the torch that the addon was compiled against and runs on. */
  torch: string;
  /** Whether the addon was compiled for NVIDIA's GPUs. */
  compiledForCuda: boolean;
  /** The first GPU, where one works. */
  cuda:
    | { name: string; capability: [major: number, minor: number]; totalBytes: number; driver: string }
    | undefined;
  /** Why there is none, where the addon was compiled for GPUs. */
  cudaError: string | undefined;
  threads: number;
}

/** Numbers of torch's types (c10/core/ScalarType.h). */
export const ScalarType = { uint8: 0, int32: 3, int64: 4, float32: 6, bool: 11, bfloat16: 15 } as const;
/** torch's number for "channels last" memory (c10/core/MemoryFormat.h). */
export const channelsLast = 2;
