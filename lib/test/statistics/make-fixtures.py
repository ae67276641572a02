"""Reference values for the statistics' tests, from scipy and statsmodels. Regenerate with:

    pip install numpy scipy statsmodels
    python lib/test/statistics/make-fixtures.py && npx biome check --write lib/test/statistics/fixtures.json
"""

import itertools
import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import interpolate, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

random = np.random.default_rng(1)


def numbers(array):
    return [float(f"{value:.17g}") for value in np.asarray(array, dtype=float).ravel()]


def normal():
    z = [-37.0, -12.5, -6.0, -3.01, -3.0, -1.0, -1e-9, 0.0, 0.3, 2.5, 3.0, 3.5, 8.0]
    p = [1e-300, 1e-20, 1e-9, 1e-4, 0.025, 0.3, 0.5, 0.8, 0.975, 0.99999]
    return {
        "z": z,
        "probability": numbers(stats.norm.cdf(z)),
        "p": p,
        "quantile": numbers(stats.norm.ppf(p)),
    }


def student_t():
    rows = []
    for df in [0.5, 1, 2, 2.7, 4, 9, 30, 199, 5000]:
        for p in [1e-6, 0.025, 0.4, 0.5, 0.9, 0.975, 0.9995]:
            t = float(stats.t.ppf(p, df))
            rows.append({"df": df, "p": p, "t": t, "twoSided": float(2 * stats.t.sf(abs(t), df))})
    return rows


def intervals():
    rows = []
    for count in [2, 3, 5, 40]:
        values = random.normal(0.1, 0.3, count)
        low, high = stats.t.interval(0.95, count - 1, loc=values.mean(), scale=stats.sem(values))
        test = stats.ttest_1samp(values, 0)
        rows.append(
            {
                "values": numbers(values),
                "low": float(low),
                "high": float(high),
                "t": float(test.statistic),
                "p": float(test.pvalue),
            }
        )
    return rows


def equivalence():
    rows = []
    for count, spread in [(3, 0.02), (5, 0.01), (5, 0.2), (12, 0.05)]:
        effects = random.normal(0.01, spread, count)
        p, *_ = DescrStatsW(effects).ttost_mean(-0.05, 0.05)
        rows.append({"effects": numbers(effects), "p": float(p)})
    return rows


def proportions():
    rows = []
    for successes, trials in [(0, 10), (10, 10), (3, 7), (1990, 2000), (1, 1)]:
        for confidence in [0.9, 0.95]:
            interval = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
            rows.append([successes, trials, confidence, float(interval.low), float(interval.high)])
    return rows


def holm():
    rows = []
    for p in [[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.9], [0.02], [1e-8, 0.6, 0.02, 0.02, 0.3]]:
        rows.append({"p": p, "adjusted": numbers(multipletests(p, method="holm")[1])})
    return rows


def spearman():
    rows = []
    for x, y in [
        (random.normal(size=12), random.normal(size=12)),
        (random.integers(0, 4, 15), random.integers(0, 4, 15)),
    ]:
        rows.append({"x": numbers(x), "y": numbers(y), "rho": float(stats.spearmanr(x, y).statistic)})
    # All 720 pairings of a small sample: the exact p-value.
    x = np.array([1, 2, 3, 4, 5, 6])
    y = np.array([2.1, 1.0, 3.3, 5.2, 4.0, 6.5])
    observed = abs(stats.spearmanr(x, y).statistic)
    all_of_them = [abs(stats.spearmanr(x, list(order)).statistic) for order in itertools.permutations(y)]
    exact = np.mean(np.array(all_of_them) >= observed - 1e-12)
    return {"rows": rows, "exact": {"x": numbers(x), "y": numbers(y), "p": float(exact)}}


def jonckheere():
    rows = []
    for groups in [
        [[1.2, 3.1, 2.2], [2.5, 4.1], [3.9, 5.0, 4.4]],
        [[1, 2, 2, 3], [2, 3, 3], [1, 4, 3], [4, 4, 5]],
        [[5, 6, 7], [4, 5], [1, 2, 3]],
    ]:
        group = np.repeat(np.arange(len(groups)), [len(values) for values in groups])
        # Kendall's tau between group and value has the same standardised statistic, ties in both included.
        p = stats.kendalltau(group, np.concatenate(groups), method="asymptotic").pvalue
        rows.append({"groups": groups, "p": float(p)})

    # All orders of a small sample: the exact p-value.
    groups = [[1.0, 2.5], [2.0, 3.0], [2.2, 4.0, 3.5]]
    values = np.concatenate(groups)
    bounds = np.cumsum([0] + [len(group) for group in groups])

    def count(order):
        parts = [order[start:stop] for start, stop in zip(bounds[:-1], bounds[1:])]
        return sum(
            np.sum(np.subtract.outer(np.array(second), np.array(first)) > 0)
            for first, second in itertools.combinations(parts, 2)
        )

    observed = count(values)
    exact = np.mean([count(np.array(order)) >= observed for order in itertools.permutations(values)])
    return {"rows": rows, "exact": {"groups": groups, "p": float(exact)}}


def bca():
    values = random.exponential(size=25)
    result = stats.bootstrap((values,), np.mean, n_resamples=199, method="BCa", random_state=1)
    percentile = np.percentile(result.bootstrap_distribution, [2.5, 97.5])
    return {
        "values": numbers(values),
        "replicates": numbers(result.bootstrap_distribution),
        "low": float(result.confidence_interval.low),
        "high": float(result.confidence_interval.high),
        "percentile": numbers(percentile),
    }


def pchip():
    rows = []
    for x, y in [
        ([0, 1, 3, 4, 7], [0, 2, 2.1, 5, 4]),
        ([18.2, 19.0, 21.5, 24.0], [0.9, 0.85, 0.5, 0.1]),
        ([1, 2], [3, 5]),
    ]:
        at = np.linspace(x[0], x[-1], 13)
        rows.append({"x": x, "y": y, "at": numbers(at), "values": numbers(interpolate.pchip_interpolate(x, y, at))})
    control = [[20, 0.8], [22, 0.75], [25, 0.3], [21, 0.5]]
    treatment = [[19, 0.95], [23, 0.8], [24, 0.62], [26, 0.2]]

    def curve(points):
        return interpolate.PchipInterpolator(*np.array(points, dtype=float).T)

    frontier = [point for point in control if point != [21, 0.5]]  # which [22, 0.75] beats in both
    area = curve(treatment).integrate(20, 25) - curve(frontier).integrate(20, 25)
    return {"rows": rows, "control": control, "treatment": treatment, "area": float(area)}


def fit_two_lines(x, y, border):
    """The paper's interrupted regressions: the break belongs to the first line, then to the second one."""
    fits = []
    for column, low, high in [(0, x <= border, x > border), (1, x < border, x >= border)]:
        design = np.column_stack([np.where(low, x - border, 0), np.where(high, x - border, 0), high, np.ones_like(x)])
        fit = sm.OLS(y, design).fit(cov_type="HC3")
        fits.append({"slope": float(fit.params[column]), "standardError": float(fit.bse[column])})
    return fits


def natural_spline(x, y):
    """Natural cubic splines form the space that the interpolating natural splines of unit vectors span."""
    knots = np.quantile(np.unique(x), [0, 0.25, 0.5, 0.75, 1])
    units = [interpolate.CubicSpline(knots, unit, bc_type="natural")(x) for unit in np.eye(5)]
    fit = sm.OLS(y, np.column_stack(units)).fit()
    return fit.fittedvalues, fit.get_prediction().se_mean


def lines():
    rows = []
    for slope, x in [
        (0.3, np.repeat(np.arange(9.0), 4)),
        (1.0, np.sort(random.uniform(0, 8, 40))),
        (0.3, np.sort(random.uniform(0, 8, 40))),
    ]:
        y = np.maximum(0, 3 - x) + slope * np.maximum(0, x - 5) + random.normal(0, 1.2, x.size)
        left, right = fit_two_lines(x, y, 4.0)
        fitted, errors = natural_spline(x, y)
        inner = (x > np.quantile(x, 0.1)) & (x < np.quantile(x, 0.9))
        flat = x[inner & (fitted - errors <= fitted[inner].min())]
        strengths = [abs(fit["slope"] / fit["standardError"]) for fit in fit_two_lines(x, y, np.median(flat))]
        robin_hood = np.quantile(flat, strengths[1] / sum(strengths))
        rows.append({"x": numbers(x), "y": numbers(y), "left": left, "right": right, "robinHood": float(robin_hood)})
    return rows


def spline():
    x = np.sort(random.uniform(-2, 5, 30))
    y = np.sin(x) + random.normal(0, 0.2, x.size)
    fitted, errors = natural_spline(x, y)
    return {"x": numbers(x), "y": numbers(y), "fitted": numbers(fitted), "standardErrors": numbers(errors)}


fixtures = {
    "normal": normal(),
    "studentT": student_t(),
    "intervals": intervals(),
    "equivalence": equivalence(),
    "proportions": proportions(),
    "holm": holm(),
    "spearman": spearman(),
    "jonckheere": jonckheere(),
    "bca": bca(),
    "pchip": pchip(),
    "lines": lines(),
    "spline": spline(),
}
Path(__file__).with_name("fixtures.json").write_text(json.dumps(fixtures, indent=2, allow_nan=False) + "\n")
