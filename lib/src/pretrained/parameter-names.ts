import { WeightsError } from "../errors.js";

/**
 * Names of attention's layers before diffusers 0.12 to today's, as diffusers does it
 * (`ModelMixin._fix_state_dict_keys_on_load`); others stay.
 */
export function modernName(name: string): string {
  const [, block, layer = "", kind] = name.match(deprecatedAttention) ?? [];
  const modern = modernLayers.get(layer);
  return modern ? `${block}.${modern}.${kind}` : name;
}

const deprecatedAttention = /^(.*\.attentions\.\d+)\.(query|key|value|proj_attn)\.(weight|bias)$/;
const modernLayers = new Map([
  ["query", "to_q"],
  ["key", "to_k"],
  ["value", "to_v"],
  ["proj_attn", "to_out.0"],
]);

/** Names in the file by the names of the model. */
export function modernNames(names: Iterable<string>): ReadonlyMap<string, string> {
  const stored = new Map<string, string>();
  for (const name of names) {
    if (/^first_stage_model\.|^(encoder\.down|decoder\.up)\.\d+\.block\./.test(name)) {
      const message = `"${name}" is a name of the original latent-diffusion code, not of diffusers. Convert the weights with diffusers' AutoencoderKL.from_single_file.`;
      throw new WeightsError("ERR_WEIGHTS_FORMAT", message, { tensor: name });
    }
    const modern = modernName(name);
    const earlier = stored.get(modern);
    if (earlier !== undefined) {
      const message = `The weights have "${earlier}" and "${name}", two names of one parameter.`;
      throw new WeightsError("ERR_WEIGHTS_DUPLICATE", message, { tensor: name });
    }
    stored.set(modern, name);
  }
  return stored;
}
