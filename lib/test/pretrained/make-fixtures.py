"""Writes the fixtures of this folder with the reference implementations: safetensors, PyTorch and diffusers.

    python -m venv venv && venv/bin/pip install torch diffusers safetensors numpy
    venv/bin/python lib/test/pretrained/make-fixtures.py            # writes fixtures/
    npm run format                                                  # their JSON
    venv/bin/python lib/test/pretrained/make-fixtures.py --check DIR # diffusers loads a model saved by latentlab
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file, save_file

folder = Path(__file__).parent / "fixtures"
blocks = lambda n: dict(down_block_types=["DownEncoderBlock2D"] * n, up_block_types=["UpDecoderBlock2D"] * n)

# Small relatives of the published models: same layers, few channels.
models = {
    "sd1": dict(
        **blocks(4), block_out_channels=[4, 8, 8, 8], layers_per_block=2, latent_channels=4, norm_num_groups=2,
        sample_size=32,
    ),
    "sdxl": dict(
        **blocks(3), block_out_channels=[8, 8, 16], layers_per_block=2, latent_channels=4, norm_num_groups=4,
        sample_size=64, scaling_factor=0.13025, latents_mean=[0.5, -1.5, 0.25, 2.25], latents_std=[4.25, 3.5, 3.25, 2.5],
    ),
    "sixteen": dict(
        **blocks(3), block_out_channels=[8, 8, 8], layers_per_block=2, latent_channels=16, norm_num_groups=4,
        sample_size=32, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False,
        force_upcast=False,
    ),
    "attention": dict(
        down_block_types=["DownEncoderBlock2D", "AttnDownEncoderBlock2D"],
        up_block_types=["AttnUpDecoderBlock2D", "UpDecoderBlock2D"], block_out_channels=[4, 8], layers_per_block=1,
        latent_channels=3, in_channels=1, out_channels=2, norm_num_groups=2, mid_block_add_attention=False,
        sample_size=16,
    ),
}

# The published configs, as far as they decide on parameters.
full = dict(**blocks(4), block_out_channels=[128, 256, 512, 512], layers_per_block=2)
real_size = {
    "sd1": dict(**full, sample_size=512),
    "sdxl": dict(**full, sample_size=1024, scaling_factor=0.13025),
    "sd3": dict(**full, latent_channels=16, sample_size=1024, scaling_factor=1.5305, shift_factor=0.0609,
                use_quant_conv=False, use_post_quant_conv=False),
    "flux": dict(**full, latent_channels=16, sample_size=1024, scaling_factor=0.3611, shift_factor=0.1159,
                 use_quant_conv=False, use_post_quant_conv=False),
}

gradients_of = [
    "encoder.conv_in.weight", "encoder.down_blocks.0.resnets.0.norm1.weight",
    "encoder.down_blocks.0.downsamplers.0.conv.weight", "encoder.mid_block.attentions.0.to_q.weight",
    "encoder.mid_block.attentions.0.to_k.weight", "encoder.conv_out.bias", "quant_conv.weight",
    "encoder.down_blocks.1.attentions.0.to_v.weight", "post_quant_conv.bias", "decoder.conv_in.weight",
    "decoder.mid_block.attentions.0.to_out.0.weight", "decoder.mid_block.attentions.0.group_norm.bias",
    "decoder.up_blocks.0.upsamplers.0.conv.weight", "decoder.up_blocks.1.resnets.0.conv_shortcut.weight",
    "decoder.conv_norm_out.weight", "decoder.conv_out.bias",
]


def randomise(model, generator):
    """Norms of ones and zeros would hide a mistake in them."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name:
            parameter.data.add_(0.2 * noise)
        elif name.endswith("bias"):
            parameter.data.copy_(0.1 * noise)
        else:
            parameter.data.copy_(noise / parameter[0].numel() ** 0.5)


def pictures(generator, *shape):
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def nhwc(x):
    return x.permute(0, 2, 3, 1).contiguous().float()


def signed(x):
    return x.permute(0, 3, 1, 2).double() / 127.5 - 1


def reference(model, generator):
    """What the model computes, in float64 so that the reference's own rounding does not count."""
    model = model.double()
    f = 2 ** (len(model.config.block_out_channels) - 1)
    channels, out = model.config.in_channels, model.config.out_channels
    batch = pictures(generator, 2, 2 * f, 3 * f, channels)
    odd = pictures(generator, 1, 4 * f + f // 2 + 1, 3 * f + 1, channels)
    tile, step = model.config.sample_size, model.config.sample_size * 3 // 4
    large = pictures(generator, 1, 2 * step + f + f // 2, tile + f + 3, channels)
    target = torch.randn(2, out, 2 * f, 3 * f, generator=generator)

    posterior = model.encode(signed(batch)).latent_dist
    moments = torch.cat([posterior.mean, posterior.logvar], dim=1)
    decoded = model.decode(posterior.mean).sample
    loss = (decoded - target).abs().pow(1.5).mean() + 0.1 * posterior.kl().mean()
    parameters = dict(model.named_parameters())
    names = [name for name in gradients_of if name in parameters]
    gradients = torch.autograd.grad(loss, [parameters[name] for name in names])
    with torch.no_grad():
        result = {
            "pictures": batch, "moments": nhwc(moments), "decoded": nhwc(decoded), "target": nhwc(target),
            "loss": loss.float(), "odd.pictures": odd,
            "odd.moments": nhwc(model._encode(signed(odd))), "tiled.pictures": large,
        }
        model.enable_tiling()
        tiled = model._encode(signed(large))
        result["tiled.moments"] = nhwc(tiled)
        result["tiled.decoded"] = nhwc(model.decode(tiled.chunk(2, dim=1)[0]).sample)
    result.update({f"gradient.{name}": value.float() for name, value in zip(names, gradients)})
    return {name: value.detach().contiguous() for name, value in result.items()}


def write_models():
    dtypes = {"sd1": torch.float32, "sdxl": torch.float16, "sixteen": torch.bfloat16, "attention": torch.float32}
    for seed, (name, config) in enumerate(models.items()):
        generator = torch.Generator().manual_seed(seed)
        model = AutoencoderKL(**config)
        randomise(model, generator)
        model = model.to(dtypes[name])
        options = dict(variant="fp16") if name == "sdxl" else dict(max_shard_size="8KB") if name == "attention" else {}
        model.save_pretrained(folder / name, **options)
        save_file(reference(model, generator), folder / name / "reference.safetensors")


def write_deprecated():
    """diffusers itself has to take the old names and shapes that the tests make out of "sd1" for what they are."""
    tensors = load_file(folder / "sd1" / "diffusion_pytorch_model.safetensors")
    old = {}
    for name, value in tensors.items():
        if ".attentions." in name:
            for new, before in (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")):
                name = name.replace(f".{new}.", f".{before}.")
        old[name] = value
    model = AutoencoderKL(**models["sd1"])
    model._fix_state_dict_keys_on_load(old)
    assert old.keys() == model.state_dict().keys()
    assert all(torch.equal(old[name], tensors[name]) for name in tensors)


def write_shapes():
    shapes = {}
    for name, config in real_size.items():
        with torch.device("meta"):
            model = AutoencoderKL(**config)
        parameters = {key: list(value.shape) for key, value in model.state_dict().items()}
        shapes[name] = {"config": public(model.config), "parameters": parameters}
    shapes["defaults"] = {"config": public(AutoencoderKL().config)}
    (folder / "shapes.json").write_text(json.dumps(shapes))


def public(config):
    return {name: value for name, value in config.items() if not name.startswith("_")}


def write_dtypes():
    types = dict(
        f64=torch.float64, f32=torch.float32, f16=torch.float16, bf16=torch.bfloat16, i64=torch.int64,
        i32=torch.int32, i16=torch.int16, i8=torch.int8, u8=torch.uint8, u16=torch.uint16, u32=torch.uint32,
        u64=torch.uint64, bool=torch.bool, c64=torch.complex64, f8=torch.float8_e4m3fn,
    )
    values = torch.tensor([[0, 1, 2], [100, 5, 1]])
    tensors = {name: values.to(dtype) for name, dtype in types.items()}
    tensors |= {"empty": torch.zeros(0, 3), "scalar": torch.tensor(-1.5), "__proto__": torch.ones(2)}
    # Names that JSON escapes, and two whose order differs between UTF-8 and UTF-16.
    tensors |= {'a "quoted"\n\\ name': torch.ones(1), "z\uffee": torch.ones(1), "z\U0001f600": torch.ones(1)}
    save_file(tensors, folder / "dtypes.safetensors", metadata={"format": "pt"})


def write_rounding():
    """float32 numbers and what PyTorch rounds them to."""
    random = np.random.default_rng(0)
    half = np.arange(0, 0x7C00, 61, dtype=np.uint16).view(np.float16).astype(np.float32)
    brain = (np.arange(0, 0x7F80, 61, dtype=np.uint32) << 16).view(np.float32)
    bits = [
        random.integers(0, 2**32, 1500, dtype=np.uint32),
        # On, just below and just above the middle between two neighbours: there the rule for ties shows.
        *(half.view(np.uint32) + np.uint32(offset) for offset in (0, 0x0FFF, 0x1000, 0x1001)),
        *(brain.view(np.uint32) + np.uint32(offset) for offset in (0x7FFF, 0x8000, 0x8001)),
        (np.array([65504, 65519.996, 65520, 65536, 2.0**-24, 2.0**-25, 2.0**-25 * 1.0001, 2.0**-14, 2.0**-14 * 0.99999,
                   np.inf, -np.inf, -0.0, 3.4028235e38, 3.3961776e38], dtype=np.float32)).view(np.uint32),
    ]
    values = np.concatenate(bits).view(np.float32)
    values = torch.from_numpy(values[~np.isnan(values)].copy())
    save_file(
        {"values": values, "f16": values.half(), "bf16": values.bfloat16()}, folder / "rounding.safetensors"
    )


def check(saved):
    model = AutoencoderKL.from_pretrained(saved)
    print(sum(parameter.numel() for parameter in model.parameters()), "parameters,", dict(model.config))


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    check(sys.argv[2])
else:
    torch.manual_seed(0)
    folder.mkdir(exist_ok=True)
    write_models()
    write_deprecated()
    write_shapes()
    write_dtypes()
    write_rounding()
