"""Writes `fixtures/*.safetensors`: LPIPS by its authors' package, on a VGG16 with few channels and random weights.

    python -m venv v && v/bin/pip install torch==2.11.0 torchvision==0.26.0 lpips==0.1.4 safetensors && v/bin/python make-fixtures.py
"""

from pathlib import Path

import lpips
import torch
from lpips.lpips import NetLinLayer
from safetensors.torch import save_file
from torch import nn

folder = Path(__file__).parent / "fixtures"
widths = [4, 6, 8, 8, 8]

torch.manual_seed(1)
model = lpips.LPIPS(net="vgg", pretrained=False, pnet_rand=True, use_dropout=False, verbose=False)
channels = 3
for index, width in enumerate(widths):
    part = getattr(model.net, f"slice{index + 1}")
    for name, layer in part.named_children():
        if isinstance(layer, nn.Conv2d):
            narrow = nn.Conv2d(channels, width, 3, padding=1)
            nn.init.normal_(narrow.weight, 0.0, (2 / (9 * channels)) ** 0.5)
            setattr(part, name, narrow)
            channels = width
    linear = NetLinLayer(width, use_dropout=False)
    nn.init.uniform_(linear.model[-1].weight, 0.0, 1.0)
    setattr(model, f"lin{index}", linear)
    model.lins[index] = linear
model.eval()

first = torch.rand(2, 3, 32, 32) * 2 - 1
second = (torch.rand(2, 3, 32, 32) * 2 - 1).requires_grad_()
distances = model(first, second)
(gradient,) = torch.autograd.grad(distances.sum(), [second])
unweighted = sum(
    (lpips.normalize_tensor(a) - lpips.normalize_tensor(b)).pow(2).sum(1).mean([1, 2])
    for a, b in zip(model.net(model.scaling_layer(first)), model.net(model.scaling_layer(second)))
)


def save(name, tensors):
    save_file({key: tensor.detach().float().contiguous() for key, tensor in tensors.items()}, folder / f"{name}.safetensors")


folder.mkdir(exist_ok=True)
features, linear = {}, {}
for key, tensor in model.net.state_dict().items():
    _, number, kind = key.split(".")
    features[f"features.{number}.{kind}"] = tensor
for index in range(5):
    linear[f"lin{index}.model.1.weight"] = getattr(model, f"lin{index}").model[-1].weight
# As torchvision stores it, with a classifier that is not needed here; and as lpips stores all of itself.
save("vgg16", {**features, "classifier.0.weight": torch.zeros(2, 2)})
save("lpips-linear", linear)
save("lpips-whole", {**{f"net.{key}": value for key, value in model.net.state_dict().items()}, **linear})
save(
    "lpips-reference",
    {
        "first": first.permute(0, 2, 3, 1),
        "second": second.permute(0, 2, 3, 1),
        "distances": distances.flatten(),
        "unweighted": unweighted,
        "gradient": gradient.permute(0, 2, 3, 1),
    },
)
