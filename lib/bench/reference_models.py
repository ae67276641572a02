"""The benchmarks' models as one writes them in PyTorch: NCHW, torch's own layers, the parameters under the same names."""
import torch
import torch.nn.functional as F
from torch import nn


class ConvVae(nn.Module):
    """S, see models/conv-vae.ts."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList(nn.Conv2d(a, b, 3, 2, 1) for a, b in [(3, 64), (64, 128), (128, 256)])
        self.moments = nn.Linear(4096, 128)
        layers = {"in": nn.Linear(64, 4096)}
        layers.update({str(i): nn.Conv2d(a, b, 3, 1, 1) for i, (a, b) in enumerate([(256, 128), (128, 64), (64, 3)])})
        self.decoder = nn.ModuleDict(layers)

    def forward(self, pictures, noise):
        hidden = pictures
        for layer in self.encoder:
            hidden = F.relu(layer(hidden))
        # Features in the order height, width, channels, so that the dense layers' weights are the same numbers.
        mean, logvar = self.moments(hidden.permute(0, 2, 3, 1).reshape(-1, 4096)).chunk(2, 1)
        latents = mean + noise * (logvar * 0.5).exp()
        hidden = F.relu(self.decoder["in"](latents)).reshape(-1, 4, 4, 256).permute(0, 3, 1, 2)
        for layer in ("0", "1"):
            hidden = F.relu(self.decoder[layer](F.interpolate(hidden, scale_factor=2, mode="nearest")))
        output = torch.sigmoid(self.decoder["2"](F.interpolate(hidden, scale_factor=2, mode="nearest")))
        squared_error = (output - pictures).square().sum()
        divergence = (mean.square() + logvar.exp() - logvar).sum()
        return (squared_error + 0.5 * divergence) / pictures.shape[0]


def group_norm(channels):
    """The library's rule (lib/src/nn/group-norm.ts): 32 groups, of four channels at least, that divide evenly."""
    groups = min(32, max(1, channels // 4))
    while channels % groups:
        groups -= 1
    return nn.GroupNorm(groups, channels, eps=1e-6)


class ResidualBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.norm1 = group_norm(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, 1, 1)
        self.norm2 = group_norm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1)
        self.conv_shortcut = nn.Conv2d(in_channels, out_channels, 1) if in_channels != out_channels else None

    def forward(self, x):
        hidden = self.conv1(F.silu(self.norm1(x)))
        hidden = self.conv2(F.silu(self.norm2(hidden)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + hidden


class AttentionBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.group_norm = group_norm(channels)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        batch, channels, height, width = x.shape
        rows = self.group_norm(x).permute(0, 2, 3, 1).reshape(batch, 1, height * width, channels)
        attended = F.scaled_dot_product_attention(self.to_q(rows), self.to_k(rows), self.to_v(rows))
        return x + self.to_out[0](attended).reshape(batch, height, width, channels).permute(0, 3, 1, 2)


class MiddleBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.resnets = nn.ModuleList(ResidualBlock(channels, channels) for _ in range(2))
        self.attentions = nn.ModuleList([AttentionBlock(channels)])

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Sampler(nn.Module):
    """Halves or doubles the resolution, with diffusers' names."""

    def __init__(self, channels, down):
        super().__init__()
        self.down = down
        self.conv = nn.Conv2d(channels, channels, 3, 2 if down else 1, 0 if down else 1)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)) if self.down else F.interpolate(x, scale_factor=2, mode="nearest"))


class Level(nn.Module):
    def __init__(self, in_channels, out_channels, layers, sampler):
        super().__init__()
        self.resnets = nn.ModuleList(
            ResidualBlock(in_channels if index == 0 else out_channels, out_channels) for index in range(layers)
        )
        samplers = nn.ModuleList([Sampler(out_channels, sampler == "down")] if sampler else [])
        setattr(self, "downsamplers" if sampler == "down" else "upsamplers", samplers)
        self.sampler = sampler

    def forward(self, x):
        for block in self.resnets:
            x = block(x)
        for sampler in getattr(self, "downsamplers" if self.sampler == "down" else "upsamplers"):
            x = sampler(x)
        return x


class Coder(nn.Module):
    """Encoder or decoder of an autoencoder; `middle` where the attention is in a diffusers model."""

    def __init__(self, ins, outs, widths, layers, sampler, attention):
        super().__init__()
        self.sampler = sampler
        self.conv_in = nn.Conv2d(ins, widths[0], 3, 1, 1)
        levels = []
        for index, width in enumerate(widths):
            last = index == len(widths) - 1
            levels.append(Level(widths[max(index - 1, 0)], width, layers, None if last else sampler))
        setattr(self, "down_blocks" if sampler == "down" else "up_blocks", nn.ModuleList(levels))
        lowest = widths[-1] if sampler == "down" else widths[0]
        self.mid_block = MiddleBlock(lowest) if attention else None
        self.conv_norm_out = group_norm(widths[-1])
        self.conv_out = nn.Conv2d(widths[-1], outs, 3, 1, 1)

    def forward(self, x):
        hidden = self.conv_in(x)
        if self.mid_block is not None and self.sampler == "up":
            hidden = self.mid_block(hidden)
        for level in self.down_blocks if self.sampler == "down" else self.up_blocks:
            hidden = level(hidden)
        if self.mid_block is not None and self.sampler == "down":
            hidden = self.mid_block(hidden)
        return self.conv_out(F.silu(self.conv_norm_out(hidden)))


class AutoencoderKl(nn.Module):
    """L, see models/autoencoder-kl.ts."""

    layers_down, layers_up, attention = 2, 3, True

    def __init__(self, widths, latentChannels, imageSize=None, kl_weight=1e-6):
        super().__init__()
        self.kl_weight = kl_weight
        self.encoder = Coder(3, 2 * latentChannels, widths, self.layers_down, "down", self.attention)
        self.quant_conv = nn.Conv2d(2 * latentChannels, 2 * latentChannels, 1)
        self.post_quant_conv = nn.Conv2d(latentChannels, latentChannels, 1)
        self.decoder = Coder(latentChannels, 3, widths[::-1], self.layers_up, "up", self.attention)

    def forward(self, pictures, noise):
        mean, logvar = self.quant_conv(self.encoder(pictures)).chunk(2, 1)
        logvar = logvar.clamp(-30, 20)
        output = self.decoder(self.post_quant_conv(mean + noise * (logvar * 0.5).exp()))
        squared_error = (output - pictures).square().sum()
        return (squared_error + self.kl_weight / 2 * self.divergence(mean, logvar)) / pictures.shape[0]

    def divergence(self, mean, logvar):
        return (mean.square() + logvar.exp() - logvar).sum()


class LibraryAutoencoder(AutoencoderKl):
    """The library's own autoencoder (lib/src/autoencoder) with `fit`'s loss."""

    layers_down, layers_up, attention = 1, 1, False

    def divergence(self, mean, logvar):
        return (mean.square() + logvar.exp() - 1 - logvar).sum()


class TransformerBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.norm1 = nn.ModuleDict({"linear": nn.Linear(width, 6 * width)})
        self.attn = nn.ModuleDict(
            {"to_qkv": nn.Linear(width, 3 * width), "to_out": nn.ModuleList([nn.Linear(width, width)])}
        )
        first = nn.ModuleDict({"proj": nn.Linear(width, 4 * width)})
        self.ff = nn.ModuleDict({"net": nn.ModuleDict({"0": first, "2": nn.Linear(4 * width, width)})})

    def forward(self, tokens, condition):
        shift1, scale1, gate1, shift2, scale2, gate2 = self.norm1["linear"](condition).unsqueeze(1).chunk(6, 2)
        tokens = tokens + gate1 * self.attend(self.norm(tokens) * (1 + scale1) + shift1)
        net = self.ff["net"]
        hidden = F.silu(net["0"]["proj"](self.norm(tokens) * (1 + scale2) + shift2))
        return tokens + gate2 * net["2"](hidden)

    def attend(self, tokens):
        batch, count, width = tokens.shape
        parts = self.attn["to_qkv"](tokens).reshape(batch, count, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.attn["to_out"][0](attended.transpose(1, 2).reshape(batch, count, width))


class DiffusionTransformer(nn.Module):
    """D, see models/diffusion-transformer.ts."""

    def __init__(self, latentSize, latentChannels, patch, width, blocks, heads):
        super().__init__()
        self.patch, self.side, self.channels = patch, latentSize // patch, latentChannels
        patch_size = patch * patch * latentChannels
        self.pos_embed = nn.ModuleDict({"proj": nn.Linear(patch_size, width)})
        self.positions = nn.Parameter(torch.zeros(1, self.side**2, width))
        self.time_embedding = nn.ModuleDict({"linear_1": nn.Linear(256, width), "linear_2": nn.Linear(width, width)})
        self.transformer_blocks = nn.ModuleList(TransformerBlock(width, heads) for _ in range(blocks))
        self.norm_out = nn.ModuleDict({"linear": nn.Linear(width, 2 * width)})
        self.proj_out = nn.Linear(width, patch_size)
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.register_buffer("frequencies", (1000 * 10000 ** (-torch.arange(128, dtype=torch.float64) / 128)).float())

    def forward(self, latents, noise, times):
        t = times.reshape(-1, 1, 1, 1)
        velocity = self.velocity(latents + t * (noise - latents), times)
        return (velocity - (noise - latents)).square().mean()

    def velocity(self, noisy, times):
        batch, channels, _, _ = noisy.shape
        side, patch = self.side, self.patch
        # A token's values in the order row, column, channel.
        patches = noisy.reshape(batch, channels, side, patch, side, patch).permute(0, 2, 4, 3, 5, 1)
        tokens = self.pos_embed["proj"](patches.reshape(batch, side * side, -1)) + self.positions
        angles = times[:, None] * self.frequencies[None]
        hidden = F.silu(self.time_embedding["linear_1"](torch.cat([angles.cos(), angles.sin()], 1)))
        condition = F.silu(self.time_embedding["linear_2"](hidden))
        for block in self.transformer_blocks:
            tokens = block(tokens, condition)
        shift, scale = self.norm_out["linear"](condition).unsqueeze(1).chunk(2, 2)
        output = self.proj_out(self.norm(tokens) * (1 + scale) + shift)
        output = output.reshape(batch, side, side, patch, patch, channels).permute(0, 5, 1, 3, 2, 4)
        return output.reshape(batch, channels, side * patch, side * patch)


architectures = {
    model.__name__: model for model in (ConvVae, AutoencoderKl, LibraryAutoencoder, DiffusionTransformer)
}
