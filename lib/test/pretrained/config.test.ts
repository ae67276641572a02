import { readFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { completeAutoencoderKLConfig } from "../../src/autoencoder/kl/autoencoder-kl.js";
import { type AutoencoderKLConfig, parseAutoencoderKLConfig } from "../../src/autoencoder/kl/config.js";
import { toDiffusersConfig } from "../../src/autoencoder/kl/config-json.js";
import { listParameters } from "../../src/autoencoder/kl/parameter-shapes.js";
import { autoencoderKLConfigs } from "../../src/autoencoder/kl/presets.js";
import { ConfigError } from "../../src/index.js";
import { modernName, modernNames } from "../../src/pretrained/parameter-names.js";
import { fixtures } from "./helpers.js";

interface Described {
  config: Record<string, unknown>;
  parameters: Record<string, number[]>;
}
const shapes: Record<string, Described> = JSON.parse(
  await readFile(path.join(fixtures, "shapes.json"), "utf8"),
);

describe.each(["sd1", "sdxl", "sd3", "flux"] as const)("%s at its real size", (name) => {
  const { config, parameters } = shapes[name] as Described;

  it("has diffusers' parameters, by names and shapes", () => {
    const listed = listParameters(parseAutoencoderKLConfig(config));
    const ours = Object.fromEntries([...listed].map(([key, { shape }]) => [key, shape]));
    expect(ours).toEqual(parameters);
  });

  it("is the preset of that name", () => {
    expect(autoencoderKLConfigs[name]).toEqual(parseAutoencoderKLConfig(config));
  });
});

it("fills in diffusers' defaults", () => {
  const { config } = shapes.defaults as Described;
  expect(parseAutoencoderKLConfig({})).toEqual(parseAutoencoderKLConfig(config));
  const { _class_name, _diffusers_version, ...written } = toDiffusersConfig(parseAutoencoderKLConfig({}));
  expect(written).toEqual(config);
});

it.each([
  "sd1",
  "sdxl",
  "sixteen",
  "attention",
])("writes the config of %s as diffusers does", async (name) => {
  const fixture = JSON.parse(await readFile(path.join(fixtures, name, "config.json"), "utf8"));
  const written = toDiffusersConfig(parseAutoencoderKLConfig(fixture));
  const { _diffusers_version } = fixture;
  // As texts: the order of the keys is part of it.
  expect(JSON.stringify({ ...written, _diffusers_version })).toBe(JSON.stringify(fixture));
});

it("passes over fields that it does not know, and takes the first of two sample sizes", () => {
  const config = parseAutoencoderKLConfig({
    _name_or_path: "x",
    unknown: 1,
    sample_size: [768, 512],
    act_fn: "swish",
  });
  expect(config.sampleSize).toBe(768);
});

it.each([
  ["no object", [], /is no JSON object/],
  ["no object", null, /is no JSON object/],
  ["no object", "text", /is no JSON object/],
  ["another model", { _class_name: "AutoencoderTiny" }, /"AutoencoderTiny", not an AutoencoderKL/],
  ["no widths", { block_out_channels: [] }, /block_out_channels/],
  ["no list of widths", { block_out_channels: 64 }, /block_out_channels/],
  ["a width of 0", { block_out_channels: [0] }, /block_out_channels/],
  ["an absurd width", { block_out_channels: [1e9] }, /block_out_channels/],
  ["half a width", { block_out_channels: [64.5] }, /block_out_channels/],
  ["too many widths", { block_out_channels: Array(40).fill(32) }, /40 resolutions/],
  ["widths without blocks", { block_out_channels: [32, 64] }, /1 down_block_types for 2/],
  ["unknown blocks", { down_block_types: ["CrossAttnDownBlock2D"] }, /down_block_types/],
  ["the wrong direction", { up_block_types: ["DownEncoderBlock2D"] }, /up_block_types/],
  ["groups that do not divide", { norm_num_groups: 48 }, /48 groups .* of 64 channels/],
  ["no groups", { norm_num_groups: 0 }, /norm_num_groups/],
  ["negative layers", { layers_per_block: -1 }, /layers_per_block/],
  ["a million layers", { layers_per_block: 1_000_000 }, /layers_per_block/],
  ["channels in words", { latent_channels: "4" }, /latent_channels/],
  ["another activation", { act_fn: "gelu" }, /"gelu"/],
  ["a scale of 0", { scaling_factor: 0 }, /scaling_factor/],
  ["a scale of nothing", { scaling_factor: null }, /scaling_factor/],
  ["a shift in words", { shift_factor: "0.1" }, /shift_factor/],
  ["three means for four channels", { latents_mean: [0, 0, 0] }, /3 numbers in latents_mean for 4/],
  ["a std of 0", { latents_std: [1, 1, 1, 0] }, /latents_std/],
  ["a number for a flag", { use_quant_conv: 1 }, /use_quant_conv/],
  ["no size", { sample_size: 0 }, /sample_size/],
  ["a list without a size", { sample_size: [] }, /sample_size/],
])("refuses %s", (_, json, message) => {
  expect(() => parseAutoencoderKLConfig(json, "vae/config.json")).toThrow(
    expect.objectContaining({
      name: "ConfigError",
      code: "ERR_MODEL_CONFIG",
      message: expect.stringMatching(message),
    }),
  );
});

it("whatever the JSON is, the outcome is a config that can be built or a ConfigError", () => {
  const keys = Object.keys(toDiffusersConfig(autoencoderKLConfigs.sd1));
  const fields = fc.dictionary(
    fc.constantFrom(...keys, "__proto__", "constructor"),
    fc.oneof(fc.jsonValue(), fc.integer({ min: -2, max: 100 }), fc.array(fc.nat(64)), fc.boolean()),
  );
  fc.assert(
    fc.property(fields, (json) => {
      let config: AutoencoderKLConfig;
      try {
        config = parseAutoencoderKLConfig(json);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        return;
      }
      for (const { shape } of listParameters(config).values()) {
        expect(shape.every((length) => Number.isInteger(length) && length >= 1)).toBe(true);
      }
      expect(parseAutoencoderKLConfig(toDiffusersConfig(config))).toEqual(config);
    }),
    { numRuns: 2000 },
  );
});

describe("names of older checkpoints", () => {
  it.each([
    ["encoder.mid_block.attentions.0.query.weight", "encoder.mid_block.attentions.0.to_q.weight"],
    ["encoder.mid_block.attentions.0.key.bias", "encoder.mid_block.attentions.0.to_k.bias"],
    ["decoder.mid_block.attentions.0.value.weight", "decoder.mid_block.attentions.0.to_v.weight"],
    ["decoder.up_blocks.1.attentions.2.proj_attn.bias", "decoder.up_blocks.1.attentions.2.to_out.0.bias"],
    ["encoder.mid_block.attentions.0.to_q.weight", "encoder.mid_block.attentions.0.to_q.weight"],
    ["encoder.query.weight", "encoder.query.weight"],
    ["constructor", "constructor"],
  ])("%s is %s", (name, modern) => {
    expect(modernName(name)).toBe(modern);
  });

  it("refuses two names of one parameter, and the names of the original code", () => {
    const block = "encoder.mid_block.attentions.0";
    expect(() => modernNames([`${block}.query.weight`, `${block}.to_q.weight`])).toThrow(
      expect.objectContaining({ code: "ERR_WEIGHTS_DUPLICATE" }),
    );
    for (const name of ["first_stage_model.encoder.conv_in.weight", "encoder.down.0.block.0.conv1.weight"]) {
      expect(() => modernNames([name])).toThrow(expect.objectContaining({ code: "ERR_WEIGHTS_FORMAT" }));
    }
  });
});

it("says in the options' own names what a shortened preset lacks", () => {
  const short = { ...autoencoderKLConfigs.sd1, blockOutChannels: [32, 32] };
  expect(() => completeAutoencoderKLConfig(short)).toThrow(
    "downAttention has 4 entries, blockOutChannels 2.",
  );
  const attention = { downAttention: [false, true], upAttention: [true, false] };
  expect(completeAutoencoderKLConfig({ ...short, ...attention })).toMatchObject(attention);
});
