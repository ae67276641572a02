"""Reference values for the metrics' tests, from the packages that others measure with. Regenerate with:

    pip install numpy scipy scikit-image torch torchvision torch-fidelity clean-fid
    python lib/test/metrics/make-fixtures.py && npx biome check --write lib/test/metrics/fixtures.json

The inputs come from a generator that fixtures.ts repeats, so that only results are stored.
"""

import json
from pathlib import Path

import numpy as np
import torch
from cleanfid.fid import frechet_distance, kernel_distance
from scipy import fft, integrate, stats
from skimage.metrics import structural_similarity
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kernel_poly, mmd2


def random_bytes(seed, count):
    state, values = seed, []
    for _ in range(count):
        state = (1664525 * state + 1013904223) % 2**32
        values.append(state >> 24)
    return np.array(values)


def floats(seed, *shape):
    return random_bytes(seed, int(np.prod(shape))).reshape(shape) / 128 - 1


def numbers(array):
    return [float(value) for value in np.asarray(array).ravel()]


def ssim():
    rows = []
    for seed, shape, strength in [(1, (13, 16, 3), 8), (2, (11, 11, 1), 64), (3, (24, 17, 3), 2)]:
        original = random_bytes(seed, int(np.prod(shape))).reshape(shape).astype(np.uint8)
        noise = random_bytes(seed + 100, original.size).reshape(shape) // strength
        other = np.minimum(255, original + noise).astype(np.uint8)
        value = structural_similarity(
            original,
            other,
            data_range=255,
            channel_axis=2,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        rows.append({"seed": seed, "shape": shape, "strength": strength, "ssim": float(value)})
    return rows


def frechet():
    rows = []
    # Fewer samples than features as well: singular covariances.
    for first, second in [((40, 6), (30, 6)), ((5, 8), (7, 8))]:
        a = floats(11, *first)
        b = 0.7 * floats(12, *second) + 0.2
        gaussians = [(x.mean(0), np.cov(x, rowvar=False)) for x in (a, b)]
        distance = frechet_distance(*gaussians[0], *gaussians[1])
        statistics = [fid_features_to_statistics(torch.from_numpy(x)) for x in (a, b)]
        other = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
        # clean-fid takes the root of the matrix, torch-fidelity those of its eigenvalues.
        assert abs(distance - other) < 1e-7
        rows.append({"first": first, "second": second, "distance": float(distance)})
    return rows


def eigenvalues():
    factor = floats(21, 12, 12)
    return numbers(np.linalg.eigvalsh(factor @ factor.T))


def kid():
    a = floats(31, 50, 9)
    b = 0.5 * floats(32, 50, 9) + 0.1
    value = mmd2(*(kernel_poly(x, y, **kid_options) for x, y in [(a, a), (a, b), (b, b)]))
    # All samples are one subset: two implementations, one value.
    assert abs(kernel_distance(a, b, num_subsets=1, max_subset_size=50) - value) < 1e-12
    return float(value)


kid_options = {"kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1}


def moments():
    values = floats(41, 500) ** 3
    return {
        "std": float(values.std(ddof=1)),
        "skewness": float(stats.skew(values)),
        "kurtosis": float(stats.kurtosis(values, fisher=False)),
    }


def velocity():
    """Three latents of one dimension: the mean over z_t as an integral."""
    latents = np.array([-1.0, 0.25, 1.5])

    def variance(time):
        def weighted(z):
            density = stats.norm.pdf(z, (1 - time) * latents, time) / len(latents)
            posterior = density / density.sum()
            return density.sum() * (posterior @ latents**2 - (posterior @ latents) ** 2) / time**2

        centres = (1 - time) * latents
        return integrate.quad(weighted, centres[0] - 8 * time, centres[-1] + 8 * time, points=list(centres))[0]

    times = [0.125, 0.375, 0.625, 0.875]
    return {"latents": numbers(latents), "times": times, "variances": [variance(time) for time in times]}


fixtures = {
    "ssim": ssim(),
    "frechet": frechet(),
    "eigenvalues": eigenvalues(),
    "kid": kid(),
    "covariance": numbers(np.cov(floats(51, 20, 3), rowvar=False)),
    "moments": moments(),
    "cosineTransform": numbers(fft.dctn(floats(61, 5, 7), norm="ortho")),
    "velocity": velocity(),
}
Path(__file__).with_name("fixtures.json").write_text(json.dumps(fixtures, indent=2, allow_nan=False) + "\n")
