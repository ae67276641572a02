import * as tf from "@tensorflow/tfjs-core";
import { operator } from "../operators.js";
import { defineKernel } from "./kernel.js";

/** Complex numbers are torch's own here, so that its other operators take them, too. */
const join = operator("aten::complex");
defineKernel<tf.ComplexInputs>(tf.Complex, ({ real, imag }, _, torch) =>
  torch.output(join(torch.handle(real), torch.handle(imag)), real.shape, "complex64"),
);

const parts: Record<string, string> = { [tf.Real]: "aten::real", [tf.Imag]: "aten::imag" };
for (const [name, signature] of Object.entries(parts)) {
  const part = operator(signature);
  defineKernel<tf.RealInputs>(name, ({ input }, _, torch) => {
    if (input.dtype === "complex64") {
      return torch.view(input, part(torch.handle(input)), input.shape, "float32");
    }
    return name === tf.Real ? torch.share(input) : torch.constant(0, input.shape, "float32");
  });
}

const magnitude = operator("aten::abs");
defineKernel<tf.ComplexAbsInputs>(tf.ComplexAbs, ({ x }, _, torch) =>
  torch.output(magnitude(torch.handle(x)), x.shape, "float32"),
);

/** Over the last axis. */
const transforms: Record<string, string> = { [tf.FFT]: "aten::fft_fft", [tf.IFFT]: "aten::fft_ifft" };
for (const [name, signature] of Object.entries(transforms)) {
  const transform = operator(signature);
  defineKernel<tf.FFTInputs>(name, ({ input }, _, torch) =>
    torch.output(transform(torch.handle(input)), input.shape, "complex64"),
  );
}
