"""What the fitting tests share: the tables' rows, small data sets, and independent optima."""

import mpmath
import numpy as np
import scipy.sparse as sp
import sklearn
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.utils.fixes import parse_version

SOLVERS = ["newton-cholesky", "newton-cg", "lbfgs"]

LOSSES = {
    "cross-entropy": {},
    "class_weight": {"class_weight": {0: 0.7, 1: 3.0}},
    "balanced": {"class_weight": "balanced"},
    "pos_weight": {"pos_weight": 2.5},
    "smoothing": {"label_smoothing": 0.1},
    "focal": {"gamma": 2.0},
    "asymmetric": {"gamma": (0.5, 3.0)},
    "everything": {"gamma": (1.0, 2.0), "pos_weight": "balanced", "label_smoothing": 0.05},
}

LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
    "csc": sp.csc_array,
    "int64": lambda X: with_long_indices(sp.csr_array(X)),
    "coo": sp.coo_array,
}


def with_long_indices(X):
    X = X.copy()
    X.indices, X.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    return X


def l1_logistic_regression(solver, l1_ratio, **parameters):
    """LogisticRegression with an L1 penalty, which older versions tell by another parameter."""
    if parse_version(sklearn.__version__) < parse_version("1.8"):
        if solver == "liblinear":
            return LogisticRegression(solver=solver, penalty="l1", **parameters)
        parameters["penalty"] = "elasticnet"
    return LogisticRegression(solver=solver, l1_ratio=l1_ratio, **parameters)


def small_problem(n_rows=80, n_features=5, seed=0):
    """Features of many scales and off-centre, some zeros, hard labels, soft labels, weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    z = X @ rng.normal(size=n_features) - 0.5
    X *= 10.0 ** rng.uniform(-2, 2, n_features)
    X[:, 0] += 3.0 * np.abs(X[:, 0]).max()
    X[rng.random(X.shape) < 0.2] = 0.0
    p = 1.0 / (1.0 + np.exp(-z + rng.normal(size=n_rows)))
    return X, (rng.random(n_rows) < p).astype(int), p, rng.uniform(0.2, 3.0, n_rows)


def partly_sure_problem():
    """A small problem of 120 rows whose soft labels are sure in every fourth row."""
    X, hard, soft, weight = small_problem(n_rows=120)
    return X, hard, np.where(np.arange(120) % 4 == 0, hard, soft), weight


def wide_and_sparse(seed):
    """More columns than rows, some of them rare."""
    rng = np.random.default_rng(seed)
    X = sp.random(300, 2500, 0.02, format="csr", random_state=seed)
    X.data = rng.normal(size=X.nnz)
    y = (rng.random(300) < 0.3).astype(int)
    y[:2] = 1, 0
    return sp.csr_array(X), y


def objective(clf, X, u, v, C=1.0):
    """The user's objective for row weights u, v, in extended precision, from its definition."""
    z = (np.longdouble(X) @ np.longdouble(clf.coef_[0])) + np.longdouble(clf.intercept_[0])
    loss = u * np.logaddexp(0, -z) + v * np.logaddexp(0, z)
    coef = np.longdouble(clf.coef_[0])
    return np.sum(loss) * C + coef @ coef / 2 if np.isfinite(C) else np.sum(loss)


def lower_bound(clf, X, u, v, C=1.0):
    """A bound that no coefficients can beat, from the point's own gradient in extended precision.

    The penalty makes the objective 1-strongly convex in w, so that it is nowhere below its value
    minus |gradient|^2 / 2; the intercept must have its optimum, where the slopes cancel.
    """
    z = (np.longdouble(X) @ np.longdouble(clf.coef_[0])) + np.longdouble(clf.intercept_[0])
    slope = C * (v / (1 + np.exp(-z)) - u / (1 + np.exp(z)))
    assert abs(slope.sum()) < 1e-12 * C * (u + v).sum()
    gradient = np.longdouble(X).T @ slope + np.longdouble(clf.coef_[0])
    return objective(clf, X, u, v, C) - gradient @ gradient / 2


def outside_optimum(X, u, v, C=1.0):
    """Cross-entropy by scikit-learn on the doubled weighted sample, in standardised features.

    LogisticRegression knows hard labels and one penalty for all features: with X / s and s its
    penalty would differ, so features are only centred, which leaves the objective as it is.
    """
    center = X.mean(axis=0)
    doubled = np.vstack([X - center] * 2)
    labels = np.repeat([1, 0], len(X))
    finite = min(C, 1e12)  # scikit-learn 1.8 warns of inf, and the difference is below 1e-9
    clf = LogisticRegression(C=finite, tol=1e-14, max_iter=10_000, solver="newton-cholesky")
    clf.fit(doubled, labels, np.concatenate([u, v]))
    clf.intercept_ = clf.intercept_ - clf.coef_ @ center
    return clf


def focal_objective(theta, X, u, v, gammas, C):
    """The focal objective from its definition, theta = (w, b)."""
    z = X @ theta[:-1] + theta[-1]
    log_p, log_q = -np.logaddexp(0, -z), -np.logaddexp(0, z)
    loss = -u * np.exp(gammas[0] * log_q) * log_p - v * np.exp(gammas[1] * log_p) * log_q
    return C * loss.sum() + theta[:-1] @ theta[:-1] / 2


def focal_minima(X, u, v, gammas, C, n_starts=4):
    """Values of the minima that scipy reaches from several starts, without any gradient of ours."""
    rng = np.random.default_rng(0)
    starts = [np.zeros(X.shape[1] + 1), *rng.normal(size=(n_starts - 1, X.shape[1] + 1))]
    results = [
        minimize(
            focal_objective, start, (X, u, v, gammas, C), method="BFGS", options={"gtol": 1e-6}
        )
        for start in starts
    ]
    return [result.fun for result in results]


def _exact_newton(X, u, v, C, theta):
    """Loss and penalty, and the Newton step from theta = (w, b), in mpmath numbers."""
    size = len(theta)
    factor = mpmath.mpf(1) if np.isinf(C) else mpmath.mpf(C)
    value, gradient, hessian = mpmath.mpf(0), mpmath.matrix(size, 1), mpmath.matrix(size, size)
    for row, yes, no in zip(X, u, v, strict=True):
        row = [mpmath.mpf(float(x)) for x in row] + [mpmath.mpf(1)]
        p = 1 / (1 + mpmath.exp(-sum(a * b for a, b in zip(row, theta, strict=True))))
        yes, no = factor * mpmath.mpf(float(yes)), factor * mpmath.mpf(float(no))
        value -= yes * mpmath.log(p) + no * mpmath.log(1 - p)
        for j in range(size):
            gradient[j] += (no * p - yes * (1 - p)) * row[j]
            for k in range(size):
                hessian[j, k] += (yes + no) * p * (1 - p) * row[j] * row[k]
    if np.isfinite(C):
        for j in range(size - 1):
            value += theta[j] ** 2 / 2
            gradient[j] += theta[j]
            hessian[j, j] += 1
    step = mpmath.lu_solve(hessian, gradient)
    decrement = sum(g * s for g, s in zip(gradient, step, strict=True)) / 2
    return value, step, decrement


def exact_optimum(X, u, v, C=np.inf, digits=40):
    """Cross-entropy's optimum (w, b) by Newton's method in ``digits`` digits."""
    with mpmath.workdps(digits):
        theta = mpmath.matrix(X.shape[1] + 1, 1)
        for _ in range(60):
            _, step, _ = _exact_newton(X, u, v, C, theta)
            theta -= step
            if mpmath.norm(step) < mpmath.mpf(10) ** (5 - digits) * (1 + mpmath.norm(theta)):
                return np.array([float(t) for t in theta])
        raise AssertionError("the reference did not converge")


def exact_sub_optimality(clf, X, u, v, C=1.0, digits=60):
    """(value - minimum) / value of a fit near its optimum: the Newton decrement in 60 digits."""
    with mpmath.workdps(digits):
        theta = mpmath.matrix([*map(float, clf.coef_[0]), float(clf.intercept_[0])])
        value, _, decrement = _exact_newton(X, u, v, C, theta)
        return float(decrement / value)
