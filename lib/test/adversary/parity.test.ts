import path from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, it } from "vitest";
import {
  adaptiveWeight,
  createPatchDiscriminator,
  createPatchGan,
  createR3Gan,
  createResidualDiscriminator,
  gradientPenalty,
} from "../../src/adversary/index.js";
import { conv2d, engine } from "../../src/index.js";
import { absoluteError } from "../../src/losses/index.js";
import type { Parameters } from "../../src/nn/parameters.js";
import { describeOnEveryEngine } from "../engines.js";
import { expectClose, type Reference, readReference } from "../reference.js";

const fixture = (name: string) =>
  readReference(path.join(import.meta.dirname, "fixtures", `${name}.safetensors`));

/** All the parameters' gradients beside the reference's. */
function expectGradients(
  reference: Reference,
  gradients: Record<string, tf.Tensor>,
  tolerance: number,
): void {
  for (const [name, gradient] of Object.entries(gradients)) {
    const wanted = reference.inOurLayout(`gradient.${name}`);
    // A bias before a batch normalisation has a gradient of rounding errors.
    if (wanted.every((value) => Math.abs(value) < 1e-6)) continue;
    expectClose(gradient.dataSync(), wanted, name, tolerance);
  }
}

describeOnEveryEngine("beside PyTorch", () => {
  describe.each([
    { name: "patch-batch-norm", norm: "batch" as const },
    { name: "patch-no-norm", norm: "none" as const },
  ])("PatchGAN ($name)", ({ name, norm }) => {
    let reference: Reference;
    beforeAll(async () => {
      reference = await fixture(name);
    });

    it("judges the same", () => {
      const discriminator = createPatchDiscriminator({ width: 3, norm });
      reference.assign(discriminator.parameters);
      const logits = tf.tidy(() => discriminator.judge(reference.tensor("real")));
      expect(logits.shape).toEqual(reference.shape("logits"));
      expectClose(logits.dataSync(), reference.values("logits"), "logits");
      logits.dispose();
      discriminator.dispose();
    });

    it("has the same losses and gradients", () => {
      for (const loss of ["hinge", "logistic"] as const) {
        const adversary = createPatchGan({ width: 3, norm, loss });
        reference.assign(adversary.parameters);
        const [real, fake] = [reference.tensor<tf.Tensor4D>("real"), reference.tensor<tf.Tensor4D>("fake")];
        const { value, gradients } = engine.valueAndGradients(
          () => adversary.discriminatorLoss(real, fake).loss,
          adversary.parameters,
        );
        expect(value.dataSync()[0]).toBeCloseTo(reference.number(loss), 4);
        if (loss === "hinge") expectGradients(reference, gradients, 2e-4);
        const generator = tf.tidy(() => adversary.generatorLoss(real, fake).dataSync()[0]);
        expect(generator).toBeCloseTo(reference.number("generator"), 4);
        const toward = engine.inputGradient((x) => adversary.generatorLoss(real, x), fake);
        expectClose(toward.gradient.dataSync(), reference.values("gradient.fake"), "gradient", 2e-4);
        tf.dispose([real, fake, value, gradients, toward.value, toward.gradient]);
        adversary.dispose();
      }
    });
  });

  it("R3GAN: logits, both penalties, both losses and their gradients", async () => {
    const reference = await fixture("r3gan");
    const options = { imageSize: 8, widths: [3, 4] };
    const discriminator = createResidualDiscriminator(options);
    const adversary = createR3Gan({ discriminator, gamma: reference.number("gamma") });
    reference.assign(adversary.parameters);
    const [real, fake] = [reference.tensor<tf.Tensor4D>("real"), reference.tensor<tf.Tensor4D>("fake")];
    const { logits, penalty } = gradientPenalty(discriminator.judge, real);
    expectClose(logits.dataSync(), reference.values("logits"), "logits");
    expectClose(penalty.dataSync(), reference.values("r1"), "r1");
    const kept: Record<string, number> = {};
    const { value, gradients } = engine.valueAndGradients(() => {
      const { loss, penalties } = adversary.discriminatorLoss(real, fake);
      for (const [name, term] of Object.entries(penalties)) kept[name] = term.dataSync()[0] as number;
      return loss;
    }, adversary.parameters);
    expect(kept.r1 as number).toBeCloseTo(reference.number("r1"), 2);
    expect((kept.r2 as number) / reference.number("r2")).toBeCloseTo(1, 4);
    expect((value.dataSync()[0] as number) / reference.number("discriminator")).toBeCloseTo(1, 4);
    expect(Object.keys(gradients)).toHaveLength(reference.names("gradient.").length - 1);
    expectGradients(reference, gradients, 2e-4);
    const generator = tf.tidy(() => adversary.generatorLoss(real, fake).dataSync()[0]);
    expect(generator).toBeCloseTo(reference.number("generator"), 4);
    const toward = engine.inputGradient((x) => adversary.generatorLoss(real, x), fake);
    expectClose(toward.gradient.dataSync(), reference.values("gradient.fake"), "gradient", 2e-4);
    tf.dispose([real, fake, logits, penalty, value, gradients, toward.value, toward.gradient]);
    adversary.dispose();
  });

  it("the adaptive weight, and the step that it is part of", async () => {
    const reference = await fixture("adaptive");
    const variable = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
    const last: Parameters = { "last.weight": variable([3, 3, 4, 3]), "last.bias": variable([3]) };
    const judge: Parameters = { "judge.weight": variable([4, 4, 3, 1]), "judge.bias": variable([1]) };
    reference.assign(last);
    reference.assign(judge);
    const [hidden, target] = [
      reference.tensor<tf.Tensor4D>("hidden"),
      reference.tensor<tf.Tensor4D>("target"),
    ];
    let weight: tf.Tensor | undefined;
    const { value, gradients } = engine.valueAndGradients(() => {
      const decoded = conv2d(last, "last", hidden);
      const reconstruction = absoluteError(target, decoded);
      const adversarial = tf.neg(tf.mean(conv2d(judge, "judge", decoded, 2, 1))) as tf.Scalar;
      const adaptive = adaptiveWeight(reconstruction, adversarial, last["last.weight"] as tf.Variable);
      weight = tf.keep(tf.mul(adaptive, 0.5));
      return tf.add(reconstruction, tf.mul(weight, adversarial)) as tf.Scalar;
    }, last);
    expectClose(weight?.dataSync() ?? [], reference.values("weight"), "weight");
    expectClose(value.dataSync(), reference.values("loss"), "loss");
    expectGradients(reference, { "last.weight": gradients["last.weight"] as tf.Tensor }, 2e-4);
    expectGradients(reference, { "last.bias": gradients["last.bias"] as tf.Tensor }, 2e-4);
    tf.dispose([last, judge, hidden, target, value, gradients, weight as tf.Tensor]);
  });
});
