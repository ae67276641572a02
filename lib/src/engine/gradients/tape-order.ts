import * as tf from "@tensorflow/tfjs-core";

/** TensorFlow.js's record of one operation; the fields that matter here. */
interface TapeNode {
  inputs: Record<string, tf.Tensor>;
  outputs: tf.Tensor[];
}

interface Recorder {
  state: { activeTape?: TapeNode[] | null };
  addTapeNode(name: string, inputs: TapeNode["inputs"], outputs: tf.Tensor[], ...rest: unknown[]): void;
}

/**
 * Puts every operation on TensorFlow.js's tape before the copies of its results.
 *
 * Gradients of sigmoid, softmax, exp and others are computed from the result, of which the tape keeps a copy. It
 * records the copy first and the operation after it. When gradients are differentiated again, the tape is read in its
 * order, and the copy seems to come from nowhere: the second derivative lacks a term, silently.
 */
export function repairTapeOrder(): void {
  const engine = tf.engine() as unknown as Recorder;
  const record = engine.addTapeNode;
  engine.addTapeNode = (name, inputs, outputs, ...rest) => {
    record.call(engine, name, inputs, outputs, ...rest);
    const tape = engine.state.activeTape;
    if (!tape) return;
    const isCopyOfResult = (node: TapeNode) =>
      Object.values(node.inputs).some((input) => outputs.includes(input));
    let place = tape.length - 1;
    while (place > 0 && isCopyOfResult(tape[place - 1] as TapeNode)) place -= 1;
    if (place < tape.length - 1) tape.splice(place, 0, tape.pop() as TapeNode);
  };
}
