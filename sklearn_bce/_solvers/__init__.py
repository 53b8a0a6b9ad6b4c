"""The solvers, one algorithm a file, and the rule that picks one.

A solver is a function ``solve(objective, theta, control, n_iter) -> Solution``. To add one: write
its file, enter it in `SOLVE`, and say in `choose` where it is the best.
"""

from .._objective import MAX_FACTOR_SIZE
from . import lbfgs, newton_cd, newton_cg, newton_cholesky, sgd

SOLVE = {
    "lbfgs": lbfgs.solve,
    "newton-cg": newton_cg.solve,
    "newton-cholesky": newton_cholesky.solve,
    "sgd": sgd.solve,
    "newton-cd": newton_cd.solve,
}
_MAX_CHOLESKY_IN_BLOCKS = 512  # a Hessian of more takes longer than to read a Parquet file
_MAX_CHOLESKY_FEATURES = 20_000  # beyond, the p x p matrix alone takes more than 3 GB
_CONDITION = 1e6  # of a wide objective: from there on conjugate gradients need fewer readings


def choose(solver, n_features, n_problems=1, in_blocks=False, has_l1=False, by_rows=False):
    """Return the name of the solver to use, or "auto" where that takes a look at the objective.

    "auto" means "newton-cd" for an L1 penalty. Else, for 2,000 features or more, where p x p
    matrices are too dear, it is "newton-cholesky" where Newton's directions go ``by_rows``
    (`_objective.few_rows`), and otherwise left to `settle`. Below it is "lbfgs". Several problems
    over one X take "lbfgs" too: what they cannot share, products with their Hessians, are few.
    Where X comes in blocks, and up to 512 features, it means "newton-cholesky": a Hessian costs no
    reading more, and it needs the fewest.
    """
    if solver == "newton-cholesky" and not by_rows and n_features > _MAX_CHOLESKY_FEATURES:
        raise ValueError(
            f"The 'solver' parameter cannot be 'newton-cholesky' with {n_features} features: it "
            f"factorises a dense matrix of that size, and takes at most {_MAX_CHOLESKY_FEATURES}. "
            "Use 'newton-cg', 'lbfgs' or 'auto'."
        )
    if solver == "sgd" and in_blocks:
        raise ValueError(
            "The 'solver' parameter cannot be 'sgd' for fit_blocks, which has no use for it: "
            "partial_fit takes stochastic steps over blocks, the other solvers reach the optimum."
        )
    if has_l1 and in_blocks and n_features >= MAX_FACTOR_SIZE:
        raise ValueError(
            f"The 'l1_ratio' parameter must be 0.0 for fit_blocks with {n_features} features: with "
            f"an L1 penalty it takes fewer than {MAX_FACTOR_SIZE}."
        )
    if solver != "auto":
        return solver
    if has_l1:
        return "newton-cd"
    if in_blocks and n_features <= _MAX_CHOLESKY_IN_BLOCKS:
        return "newton-cholesky"
    if by_rows and n_features >= MAX_FACTOR_SIZE:
        return "newton-cholesky"
    return "lbfgs" if n_features < MAX_FACTOR_SIZE or n_problems > 1 else "auto"


def settle(solver, objective):
    """Return the name of the solver that "auto" means for many features.

    Where the penalty is strong, plain "lbfgs" needs the least readings of X. Where it is weak
    beside what rows differ by, hundreds of its steps are a few of "newton-cg".
    """
    if solver != "auto":
        return solver
    return "newton-cg" if objective.condition > _CONDITION else "lbfgs"
