import type * as tf from "@tensorflow/tfjs-core";
import { currentEngine, engineChanges, noteReplacedState } from "./engine/current.js";
import type { EngineNoise } from "./engine/engine.js";
import { requireInteger } from "./options.js";

/** A seeded source of random tensors. The same seed gives the same numbers on every engine, also in a compiled step. */
export interface Noise {
  /** Standard normal numbers. */
  normal<Rank extends tf.Rank = tf.Rank>(shape: tf.ShapeMap[Rank]): tf.Tensor<Rank>;
  /** Uniform in `[0, 1)`. */
  uniform<Rank extends tf.Rank = tf.Rank>(shape: tf.ShapeMap[Rank]): tf.Tensor<Rank>;
  /**
   * Blocks of four numbers drawn so far; a draw takes whole blocks. Set it to go on from there: a position and a seed
   * are all there is to save of a source. Reading it waits for the engine.
   */
  position: number;
  dispose(): void;
}

/**
 * Where the library's own sources begin, far apart: a training, its latents and its samples may have one seed, and
 * must not have the same numbers.
 */
export const noiseStarts = { training: 0, sampling: 2 ** 50, latents: 2 ** 51 };

/**
 * Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011), of which a GPU and the host compute the same.
 * `tf.randomNormal` draws other numbers on other engines.
 *
 * @param seed a whole number, 0 or more
 * @param position where to begin, see `Noise.position`
 * @throws ConfigError for another seed; EngineError `ERR_ENGINE_NOT_IN_USE` before `engine.use()`
 */
export function createNoise(seed: number, position = 0): Noise {
  requireInteger("seed", seed, 0);
  requireInteger("position", position, 0);
  let madeAt = engineChanges();
  let source = currentEngine().createNoise(seed, position);

  const restart = (position: number) => {
    source.dispose();
    source = currentEngine().createNoise(seed, position);
    madeAt = engineChanges();
    noteReplacedState();
  };
  const here = (): EngineNoise => {
    if (madeAt !== engineChanges()) restart(source.position());
    return source;
  };

  return {
    normal: (shape) => here().normal(shape) as never,
    uniform: (shape) => here().uniform(shape) as never,
    get position() {
      return source.position();
    },
    set position(next) {
      requireInteger("position", next, 0);
      restart(next);
    },
    dispose: () => source.dispose(),
  };
}
