"""Reference values for the tests of diffusion, from k-diffusion and diffusers. Regenerate with:

    pip install torch k-diffusion diffusers
    python lib/test/diffusion/make-fixtures.py && npx biome check --write lib/test/diffusion/fixtures.json

All tensors are [2, 2, 1, 2]. The denoiser is a formula that parity.test.ts repeats: no optimum of anything, but as
nonlinear in both arguments as a network.
"""

import json
from pathlib import Path

import k_diffusion as K
import torch
from diffusers import DDIMScheduler, EDMEulerScheduler, FlowMatchEulerDiscreteScheduler

shape = (2, 2, 1, 2)
generator = torch.Generator().manual_seed(5)
start = torch.randn(shape, generator=generator, dtype=torch.float64)
fresh = [torch.randn(shape, generator=generator, dtype=torch.float64) for _ in range(20)]


def numbers(tensor):
    return [float(value) for value in torch.as_tensor(tensor).ravel()]


def denoise(noisy, time):
    time = torch.as_tensor(time, dtype=torch.float64).reshape(-1, *[1] * (noisy.ndim - 1))
    return torch.tanh(0.8 * noisy / (1 + time)) - 0.3 * torch.cos(2 * time) * noisy / (1 + noisy**2)


def with_fresh_noise(work):
    """k-diffusion draws with torch.randn_like; here it draws the numbers that the test draws."""
    draws = iter(fresh)
    original = torch.randn_like
    torch.randn_like = lambda _: next(draws)
    try:
        return work()
    finally:
        torch.randn_like = original


def edm():
    sigmas = K.sampling.get_sigmas_karras(7, 0.02, 12.0, rho=5.0).double()
    model = lambda x, sigma, **_: denoise(x, sigma)
    churn = {"s_churn": 3.0, "s_tmin": 0.1, "s_tmax": 8.0, "s_noise": 1.01}
    first = start * sigmas[0]
    run = lambda sampler, **options: numbers(sampler(model, first.clone(), sigmas, disable=True, **options))
    return {
        "sigmas": numbers(sigmas),
        "euler": run(K.sampling.sample_euler),
        "heun": run(K.sampling.sample_heun),
        "churn": with_fresh_noise(lambda: run(K.sampling.sample_heun, **churn)),
        "churnOptions": churn,
    }


class Inner(torch.nn.Module):
    """k-diffusion gives its networks sigma; the paper, and this library, ln(sigma) / 4."""

    def forward(self, x, sigma, **_):
        return denoise(x, sigma.log() / 4)


def preconditioning():
    sigmas = torch.tensor([0.07, 3.5], dtype=torch.float64)
    model = K.layers.Denoiser(Inner(), sigma_data=0.6)
    clean, noise = fresh[0], fresh[1]
    noisy = clean + noise * sigmas.reshape(-1, 1, 1, 1)
    return {
        "sigmas": numbers(sigmas),
        "sigmaData": 0.6,
        "scalings": [numbers(scaling) for scaling in model.get_scalings(sigmas)],
        "denoised": numbers(model(noisy, sigmas)),
        "loss": float(model.loss(clean, noise, sigmas).mean()),
    }


def flow():
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=3.0)
    scheduler.set_timesteps(sigmas=[1 - index / 6 for index in range(6)])
    x = start.clone()
    for time, timestep in zip(scheduler.sigmas, scheduler.timesteps):
        velocity = (x - denoise(x, time)) / time
        x = scheduler.step(velocity, timestep, x).prev_sample.double()
    return {"shift": 3.0, "times": numbers(scheduler.sigmas), "samples": numbers(x)}


def edm_scheduler():
    scheduler = EDMEulerScheduler(sigma_min=0.02, sigma_max=12.0, sigma_data=1.0, rho=5.0)
    scheduler.set_timesteps(6)
    x = start * scheduler.sigmas[0].double()
    for sigma, timestep in zip(scheduler.sigmas, scheduler.timesteps):
        # The scheduler applies EDM's outer scalings itself: it is given what leads to this estimate.
        skip = 1 / (sigma**2 + 1)
        out = sigma / (sigma**2 + 1) ** 0.5
        output = (denoise(x, sigma) - skip * x) / out
        scheduler.is_scale_input_called = True
        x = scheduler.step(output, timestep, x).prev_sample.double()
    return {"sigmas": numbers(scheduler.sigmas), "samples": numbers(x)}


def ddim():
    result = {}
    for eta in [0.0, 1.0]:
        scheduler = DDIMScheduler(beta_start=1e-4, beta_end=0.02, clip_sample=False, set_alpha_to_one=True)
        scheduler.set_timesteps(8)
        x = start.clone()
        for index, step in enumerate(scheduler.timesteps):
            signal = scheduler.alphas_cumprod[step].double().sqrt()
            epsilon = (x - signal * denoise(x, step / 1000)) / (1 - signal**2).sqrt()
            x = scheduler.step(epsilon, step, x, eta=eta, variance_noise=fresh[index]).prev_sample
        result["eta1" if eta else "eta0"] = numbers(x)
        result["steps"] = [int(step) for step in scheduler.timesteps]
        result["signals"] = numbers(scheduler.alphas_cumprod.double().sqrt())[::125]
    return result


fixtures = {
    "shape": shape,
    "start": numbers(start),
    "fresh": [numbers(tensor) for tensor in fresh],
    "edm": edm(),
    "preconditioning": preconditioning(),
    "flow": flow(),
    "edmScheduler": edm_scheduler(),
    "ddim": ddim(),
}
Path(__file__).with_name("fixtures.json").write_text(json.dumps(fixtures))
