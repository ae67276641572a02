"""Writes `fixtures/*.safetensors`: what PyTorch computes for the discriminators, losses and penalties.

    python -m venv v
    v/bin/pip install torch==2.11.0 torchvision==0.26.0 numpy safetensors tqdm requests
    v/bin/pip install --no-deps taming-transformers-rom1504==0.0.6
    git clone https://github.com/brownvc/R3GAN && git -C R3GAN checkout 19a7ddf463fbac2bd39b4c1c73d63f1c441c7403
    PYTHONPATH=R3GAN v/bin/python make-fixtures.py

PatchGAN, its losses and the adaptive weight are computed by taming-transformers itself, whose code latent diffusion imports
(`--no-deps`: the modules used here need no Lightning). R3GAN's losses, penalties and gradients are computed by its authors'
training step, `R3GAN/Trainer.py` of the commit above (PyPI has no package of it). The discriminator is ours: theirs is larger.
"""

from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from R3GAN.Trainer import AdversarialTraining
from safetensors.torch import save_file
from taming.modules.discriminator.model import NLayerDiscriminator
from taming.modules.losses.vqperceptual import VQLPIPSWithDiscriminator, hinge_d_loss, vanilla_d_loss
from taming.modules.util import ActNorm
from torch import nn

folder = Path(__file__).parent / "fixtures"


def save(name, tensors):
    save_file({key: tensor.detach().float().contiguous() for key, tensor in tensors.items()}, folder / f"{name}.safetensors")


def channels_last(pictures):
    return pictures.permute(0, 2, 3, 1)


def gradients(loss, module, prefix):
    names, parameters = zip(*module.named_parameters())
    found = torch.autograd.grad(loss, parameters, retain_graph=True)
    return {f"{prefix}.{name}": gradient for name, gradient in zip(names, found)}


def patch_discriminator(width, normalised):
    """3 layers. Without normalisation: the one for ActNorm, whose convolutions have biases, less the ActNorm."""
    model = NLayerDiscriminator(3, width, 3, use_actnorm=not normalised)
    model.main = nn.Sequential(*(layer for layer in model.main if not isinstance(layer, ActNorm)))
    return model


def patch(name, normalised, seed):
    torch.manual_seed(seed)
    model = patch_discriminator(3, normalised)
    for parameter in model.parameters():
        nn.init.normal_(parameter, 1.0 if parameter.dim() == 1 and normalised else 0.0, 0.1)
    real = torch.randn(3, 3, 32, 32)
    fake = torch.randn(3, 3, 32, 32).requires_grad_()
    on_real, on_fake = model(real), model(fake.detach())
    hinge = hinge_d_loss(on_real, on_fake)
    logistic = vanilla_d_loss(on_real, on_fake)
    generator = -model(fake).mean()
    (toward_fake,) = torch.autograd.grad(generator, [fake])
    save(
        name,
        {
            **model.state_dict(),
            "real": channels_last(real),
            "fake": channels_last(fake),
            "logits": channels_last(on_real),
            "hinge": hinge,
            "logistic": logistic,
            "generator": generator,
            "gradient.fake": channels_last(toward_fake),
            **gradients(hinge, model, "gradient"),
        },
    )


class ResidualDiscriminator(nn.Module):
    def __init__(self, widths, size):
        super().__init__()
        self.add_module("in", nn.Conv2d(3, widths[0], 1))
        self.levels = nn.ModuleList()
        for level, width in enumerate(widths):
            parts = {} if level == 0 else {"in": nn.Conv2d(widths[level - 1], width, 1)}
            block = [nn.Conv2d(width, 2 * width, 1), nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.Conv2d(2 * width, width, 1)]
            self.levels.append(nn.ModuleDict({**parts, "blocks": nn.ModuleList([nn.ModuleList(block)])}))
        self.out = nn.Linear(widths[-1] * size * size, 1, bias=False)

    def forward(self, x):
        x = getattr(self, "in")(x)
        for level in self.levels:
            if "in" in level:
                x = level["in"](F.avg_pool2d(x, 2))
            first, second, third = level["blocks"][0]
            x = x + third(F.leaky_relu(second(F.leaky_relu(first(x), 0.2)), 0.2))
        return self.out(channels_last(x).flatten(1)).flatten()


def r3gan():
    """The authors' steps, with a generator that has its pictures ready and a discriminator without conditions."""
    torch.manual_seed(3)
    gamma = 0.7
    model = ResidualDiscriminator([3, 4], 4)
    for parameter in model.parameters():
        nn.init.normal_(parameter, 0.0, 0.4)
    real, fake = torch.randn(3, 3, 8, 8), torch.randn(3, 3, 8, 8).requires_grad_()
    steps = AdversarialTraining(lambda noise, conditions: fake, lambda pictures, conditions: model(pictures))
    adversarial, _, r1, r2 = steps.AccumulateDiscriminatorGradients(None, real, None, gamma)
    discriminator = (adversarial + gamma / 2 * (r1 + r2)).mean()
    gradients = {f"gradient.{name}": parameter.grad.clone() for name, parameter in model.named_parameters()}
    generator, _ = steps.AccumulateGeneratorGradients(None, real, None)
    save(
        "r3gan",
        {
            **model.state_dict(),
            "gamma": torch.tensor(gamma),
            "real": channels_last(real),
            "fake": channels_last(fake),
            "logits": model(real),
            "r1": r1.mean(),
            "r2": r2.mean(),
            "discriminator": discriminator,
            "generator": generator.mean(),
            "gradient.fake": channels_last(fake.grad),
            **gradients,
        },
    )


def adaptive():
    """The whole generator step for a decoder of one convolution, with d_weight times 0.5."""
    torch.manual_seed(4)
    last, judge = nn.Conv2d(4, 3, 3, padding=1), nn.Conv2d(3, 1, 4, 2, 1)
    hidden, target = torch.randn(2, 4, 8, 8), torch.randn(2, 3, 8, 8)
    decoded = last(hidden)
    nll = (decoded - target).abs().sum() / 2
    generator = -judge(decoded).mean()
    # The method alone: the whole class downloads LPIPS' weights, and reads nothing else of itself here.
    factor = SimpleNamespace(discriminator_weight=0.5)
    weight = VQLPIPSWithDiscriminator.calculate_adaptive_weight(factor, nll, generator, last.weight)
    loss = nll + weight * generator
    save(
        "adaptive",
        {
            "last.weight": last.weight,
            "last.bias": last.bias,
            "judge.weight": judge.weight,
            "judge.bias": judge.bias,
            "hidden": channels_last(hidden),
            "target": channels_last(target),
            "weight": weight,
            "loss": loss,
            **gradients(loss, last, "gradient.last"),
        },
    )


folder.mkdir(exist_ok=True)
patch("patch-batch-norm", True, 1)
patch("patch-no-norm", False, 2)
r3gan()
adaptive()
