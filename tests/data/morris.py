"""Makes morris.json: trajectories, the values of two functions at their points, and the elementary
effects that SALib (https://pypi.org/project/SALib) finds there.

    pip install SALib==1.6.0 && python morris.py > morris.json
"""

import json
import math

import numpy
from SALib.analyze import morris as analyze
from SALib.sample import morris as sample


def bent(x):
    """Linear, bent, with an interaction, and one factor that does nothing."""
    return 3 * x[0] - 2 * x[1] ** 2 + 4 * x[0] * x[2] + 0.1 * math.exp(x[3]) + 0 * x[4]


def g(x, a=(0, 1, 4.5, 9, 99, 99)):
    """Sobol's G function."""
    return math.prod((abs(4 * value - 2) + weight) / (1 + weight) for value, weight in zip(x, a))


models = []
for function, factors in [(bent, 5), (g, 6)]:
    names = [f"x{factor}" for factor in range(factors)]
    problem = {"num_vars": factors, "names": names, "bounds": [[0, 1]] * factors}
    points = sample.sample(problem, N=8, num_levels=4, seed=7)
    values = [float(function(point)) for point in points]
    found = analyze.analyze(problem, points, numpy.array(values), num_levels=4, seed=7)
    models.append(
        {
            "name": function.__name__,
            "points": points.tolist(),
            "values": values,
            "mu_star": [float(value) for value in found["mu_star"]],
            "mu": [float(value) for value in found["mu"]],
            "sigma": [float(value) for value in found["sigma"]],
        }
    )
print(json.dumps({"made_by": "SALib 1.6.0", "models": models}, indent=1))
