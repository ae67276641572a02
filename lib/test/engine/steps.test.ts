import * as tf from "@tensorflow/tfjs-core";
import { expect, it } from "vitest";
import { createNoise, engine, type Parameters } from "../../src/index.js";
import { describeOnEveryEngine, useEngine } from "../engines.js";

const variable = (values: number[]) => tf.tidy(() => tf.variable(tf.tensor1d(values)));
const read = (tensor: tf.Tensor | undefined) => Array.from((tensor as tf.Tensor).dataSync());

describeOnEveryEngine("valueAndGradients", () => {
  it("returns the loss and the gradients by the parameters' names, and keeps nothing else", () => {
    const parameters: Parameters = { a: variable([1, 2]), b: variable([3, 4]), unused: variable([5]) };
    const before = tf.memory().numTensors;
    const { value, gradients } = engine.valueAndGradients(
      () => tf.sum(tf.mul(tf.square(parameters.a as tf.Tensor), parameters.b as tf.Tensor)),
      parameters,
    );
    expect(read(value)).toEqual([1 * 3 + 4 * 4]);
    expect(Object.keys(gradients).sort()).toEqual(["a", "b"]);
    expect(read(gradients.a)).toEqual([2 * 1 * 3, 2 * 2 * 4]);
    expect(read(gradients.b)).toEqual([1, 4]);
    expect(tf.memory().numTensors).toBe(before + 3);
    tf.dispose([value, gradients]);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(parameters);
  });

  it("gives a variable under two names one gradient, under the first", () => {
    const shared = variable([2]);
    const { value, gradients } = engine.valueAndGradients(() => tf.sum(tf.mul(shared, shared)), {
      embedding: shared,
      head: shared,
    });
    expect(Object.keys(gradients)).toEqual(["embedding"]);
    expect(read(gradients.embedding)).toEqual([4]);
    tf.dispose([value, gradients, shared]);
  });

  it("lets an error in the loss through, and keeps nothing", () => {
    const parameters = { a: variable([1]) };
    const before = tf.memory().numTensors;
    const fail = () =>
      engine.valueAndGradients(() => {
        tf.square(parameters.a);
        throw new Error("no loss");
      }, parameters);
    expect(fail).toThrow("no loss");
    expect(tf.memory().numTensors).toBe(before);
    const { value, gradients } = engine.valueAndGradients(() => tf.sum(parameters.a), parameters);
    expect(read(gradients.a)).toEqual([1]);
    tf.dispose([value, gradients, parameters]);
  });
});

describeOnEveryEngine("wrong shapes", () => {
  const of = (...shape: number[]) => tf.range(0, tf.util.sizeFromShape(shape)).reshape(shape);
  const cases: Record<string, { wrong: () => tf.Tensor; says: RegExp }> = {
    add: { wrong: () => tf.add(of(2, 3), of(4)), says: /2, ?3.*4/s },
    matMul: { wrong: () => tf.matMul(of(2, 3), of(4, 2)), says: /matmul.*2, ?3.*4, ?2/is },
    slice: { wrong: () => tf.slice(of(3), [2], [3]), says: /slice.*3/is },
    reshape: { wrong: () => tf.reshape(of(3), [2, 2]), says: /3.*2, ?2|3.*4/s },
    concat: {
      wrong: () => tf.concat([of(2, 3), of(2, 4)], 0),
      says: /concat.*2, ?4.*2, ?3|concat.*2, ?3.*2, ?4/is,
    },
    conv2d: {
      wrong: () => tf.conv2d(of(1, 4, 4, 3) as tf.Tensor4D, of(3, 3, 4, 2) as tf.Tensor4D, 1, "same"),
      says: /conv2d.*3.*4/s,
    },
    gather: { wrong: () => tf.gather(of(3), tf.tensor1d([7], "int32")), says: /gather.*7.*\[0, 2\]/is },
  };
  it.each(Object.entries(cases))("in %s are an error that says which, and work goes on", (_, {
    wrong,
    says,
  }) => {
    expect(() => tf.tidy(wrong)).toThrow(says);
    expect(read(tf.add(of(2), 1))).toEqual([1, 2]);
  });
});

describeOnEveryEngine("compile", () => {
  it("returns what the step returns, to be disposed of by the caller, whatever it is", () => {
    const weights = variable([1, 2]);
    const step = engine.compile(({ x }: { x: tf.Tensor }) => ({ product: tf.mul(x, weights), x, weights }));
    const before = tf.memory().numTensors;
    const x = tf.tensor1d([3, 4]);
    for (let call = 0; call < 3; call++) {
      const outputs = step({ x });
      expect(read(outputs.product)).toEqual([3, 8]);
      expect(read(outputs.x)).toEqual([3, 4]);
      expect(read(outputs.weights)).toEqual([1, 2]);
      tf.dispose([outputs.product, outputs.x, outputs.weights]);
    }
    expect(read(x)).toEqual([3, 4]);
    expect(read(weights)).toEqual([1, 2]);
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(step.captured).toBe(false); // on a CPU
    step.dispose();
    weights.dispose();
  });

  it("sees what was assigned to a variable in between", () => {
    const weight = variable([1]);
    const step = engine.compile(({ x }: { x: tf.Tensor }) => ({ y: tf.mul(x, weight) }));
    const x = tf.tensor1d([10]);
    const results = [1, 2, 3].map((value) => {
      tf.tidy(() => weight.assign(tf.tensor1d([value])));
      const { y } = step({ x });
      const [result] = read(y);
      y.dispose();
      return result;
    });
    expect(results).toEqual([10, 20, 30]);
    step.dispose();
    tf.dispose([x, weight]);
  });
});

it("a compiled step goes on on another engine", async () => {
  await useEngine("tensorflow");
  const noise = createNoise(1);
  const step = engine.compile(({ x }: { x: tf.Tensor }) => ({ y: tf.add(x, noise.uniform([2])) }));
  const x = tf.zeros([2]);
  const first = read(step({ x }).y);
  await useEngine("wasm");
  const second = read(step({ x }).y);
  noise.position = 0;
  expect(read(noise.uniform([2]))).toEqual(first);
  expect(read(noise.uniform([2]))).toEqual(second);
});
