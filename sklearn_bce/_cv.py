"""BCEClassifierCV."""

import numpy as np
from sklearn import get_config
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    process_routing,
)

from ._binary import refuse_probability_columns
from ._callbacks import task_of_fit, with_callbacks
from ._folds import make_folds, split
from ._grid import choose, fit_grid
from ._inputs import check_X
from ._label_weights import LabelWeights
from ._linear import LinearBinaryClassifier, as_type
from ._parameters import CV_RULES, check_parameters, values_of_C
from ._path import fit_last
from ._posterior import loss_parameters
from ._targets import check_sample_weight, encode_labels, encoded_targets

_LOSS = ("label_smoothing", "class_weight", "pos_weight")
_COMMON = ("probability", "fit_intercept", "solver", "tol", "max_iter", "random_state", "verbose")


class BCEClassifierCV(LinearBinaryClassifier):
    r"""`BCEClassifier` with C chosen by cross-validation, and the loss and penalty if asked for.

    Every value of C is fitted to all rows and to the training rows of every fold, all of them to
    the same ``tol``. The folds start at the solution of all rows, and share the readings of X.

    Parameters
    ----------
    Cs : int or array-like of shape (n_Cs,), default=10
        Values of C to try, in (0, inf]; an int is their number, evenly spaced on a log scale from
        1e-4 to 1e4.
    l1_ratios : array-like of shape (n_l1_ratios,), default=(0.0,)
        Values of ``l1_ratio`` to try, each with every C.
    gammas : array-like of shape (n_gammas,), default=None
        Values of the focal exponent ``gamma`` to try, each a float >= 0 or a tuple (on positive
        labels, on negative labels). None is cross-entropy, and leaves out the axis of gammas below.
    label_smoothing : float, default=0.0
        In [0, 1]: y becomes y (1 - label_smoothing) + label_smoothing / 2. Scores are of y itself.
    class_weight : dict, "balanced" or None, default=None
        Factors on the weights of the two classes, as in `BCEClassifier`. "balanced" counts the rows
        that are trained on.
    pos_weight : float, "balanced" or None, default=None
        Factor on the positive term, as in `BCEClassifier`. It multiplies ``class_weight``.
    probability : {"sigmoid", "posterior"}, default="sigmoid"
        What `predict_proba` returns, as in `BCEClassifier`. The log loss that scores the folds is
        that of these probabilities: with weights or a focal loss "posterior" is the fair one.
    fit_intercept : bool, default=True
        Whether to fit the intercept, which is otherwise 0.
    solver : {"auto", "lbfgs", "newton-cg", "newton-cholesky", "newton-cd"}, default="auto"
        With "auto", fits without an L1 penalty are made beside one another, with Hessians that they
        share. Another one does all fits, each from its own solution for the next smaller C. An L1
        penalty needs "auto" or "newton-cd".
    tol : float, default=1e-8
        Relative sub-optimality at which each fit stops, as in `BCEClassifier`.
    max_iter : int, default=1000
        Most iterations of each fit.
    cv : int, splitter, iterable or None, default=None
        The folds. An int is their number, None is 5; they are stratified, by
        :class:`~sklearn.model_selection.StratifiedKFold` or, for soft labels, by
        :class:`~sklearn_bce.model_selection.SoftStratifiedKFold`. An iterable yields arrays
        (train, test) of row numbers.
    scoring : str, callable or None, default=None
        What the held-out rows are scored by; greater is better. None is minus the log loss, for
        hard and soft labels, with sample weights. Otherwise a scikit-learn scorer, which also gets
        the sample weights, if there are any. `score` goes by it too.
    refit : bool, default=True
        Whether to fit the chosen model to all rows. False averages the folds' coefficients, each
        fold's at its own best values.
    selection : {"best", "1se"}, default="best"
        "best" chooses the greatest mean score. "1se" then moves to the smallest C whose mean score
        is within one standard error of it (Breiman et al.): a simpler model that the folds cannot
        tell from the best.
    random_state : int, RandomState or None, default=None
        Seed of the rows that "lbfgs" draws for its start, as in `BCEClassifier`. The folds do not
        depend on it.
    verbose : int, default=0
        1 prints a line an iteration.

    Attributes
    ----------
    C_ : float
        The C chosen; with ``refit=False`` the mean of those of the folds.
    l1_ratio_ : float
        The l1_ratio chosen, in the same way.
    gamma_ : float or tuple of two floats
        The gamma chosen.
    Cs_ : ndarray of shape (n_Cs,)
        The values of C, in the order given.
    l1_ratios_ : ndarray of shape (n_l1_ratios,)
        The values of l1_ratio.
    gammas_ : list
        The values of gamma; [0.0] for None.
    scores_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs)
        Scores on the rows held out. With ``gammas`` an axis of them follows the folds, here and
        below: (n_folds, n_gammas, n_l1_ratios, n_Cs). NaN for points that a callback has kept from
        being fitted, as in ``coefs_paths_``.
    coefs_paths_ : ndarray of shape (n_folds, n_l1_ratios, n_Cs, 1, n_features + 1)
        Coefficients of every fold's fits, the intercept last; without one, n_features.
    n_iter_ : ndarray of int of shape (n_folds, n_l1_ratios, n_Cs)
        Iterations of the folds' fits.
    classes_ : ndarray of shape (2,)
        The labels; [0., 1.] for float y in [0, 1].
    coef_ : ndarray of shape (1, n_features)
        Coefficients of the chosen model.
    intercept_ : ndarray of shape (1,)
        Its intercept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had string column names.
    loss_parameters_ : dict
        Of the loss of the chosen model, as in `BCEClassifier`.
    optimality_ : float
        The relative sub-optimality that its fit reached. Only with ``refit=True``, as the next two.
    loss_curve_ : list of float
        The mean loss along its last fit, which starts at the solution that the path found.
    solver_ : str
        The solver of that fit.

    Raises
    ------
    ValueError
        From `fit`, if a parameter or the data are not as described; also if a fold trains on only
        one class.

    Warns
    -----
    ConvergenceWarning
        From `fit`, for each fit that ends above ``tol``.
    SeparationWarning
        From `fit`, for each fit with ``C=np.inf`` that has no best finite coefficients.

    See Also
    --------
    bce_path : The path of coefficients alone.
    sklearn_bce.display.RegularizationPathDisplay : Draws path and scores.
    sklearn.linear_model.LogisticRegressionCV : The same for hard labels and cross-entropy.

    References
    ----------
    L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and Regression Trees", 1984: the
    rule of one standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifierCV
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = BCEClassifierCV(Cs=[0.01, 1.0, 100.0]).fit(X, y)
    >>> clf.C_
    100.0
    >>> clf.scores_.shape
    (5, 1, 3)
    """

    def __init__(
        self,
        *,
        Cs=10,
        l1_ratios=(0.0,),
        gammas=None,
        label_smoothing=0.0,
        class_weight=None,
        pos_weight=None,
        probability="sigmoid",
        fit_intercept=True,
        solver="auto",
        tol=1e-8,
        max_iter=1000,
        cv=None,
        scoring=None,
        refit=True,
        selection="best",
        random_state=None,
        verbose=0,
    ):
        self.Cs = Cs
        self.l1_ratios = l1_ratios
        self.gammas = gammas
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.pos_weight = pos_weight
        self.probability = probability
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.selection = selection
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X, y, sample_weight=None, **params):
        """Fit every point of the grid to every fold, choose one, and fit it to all rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features, as in `BCEClassifier`.
        y : array-like of shape (n_samples,)
            Two hard labels of any type, or the probabilities of "yes", floats in [0, 1].
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, >= 0, in the fits and in the scores. None is 1 for all.
        **params : dict
            For the splitter (such as ``groups``) and the scorer, with metadata routing switched on.

        Returns
        -------
        self : BCEClassifierCV
            Itself, fitted.
        """
        check_parameters(self, CV_RULES)
        _check_refit(self)
        refuse_probability_columns(y)
        params = self._routed(sample_weight, params)
        n_gammas = 1 if self.gammas is None else len(self.gammas)
        n_steps = n_gammas * len(self.l1_ratios) * len(values_of_C(self.Cs))
        with task_of_fit(self, X, y, sample_weight, n_steps=n_steps) as task:
            X, y = check_X(self, X, y, reset=True)
            return self._fit_grid(X, y, sample_weight, params, task)

    def _fit_grid(self, X, y, sample_weight, params, task):
        self.classes_, labels = encode_labels(y)
        weight = check_sample_weight(sample_weight, X.shape[0])
        loss = self.classes_, LabelWeights(self, self.classes_)
        targets = encoded_targets(labels, weight, *loss)
        splits = split(self.cv, X, y, **params.splitter.split)
        folds = make_folds(splits, labels, weight, *loss)
        if len(folds) < 2 and self.selection == "1se":
            raise ValueError("selection='1se' needs the scores of two folds. cv makes one split.")
        self.Cs_, self.l1_ratios_ = values_of_C(self.Cs), np.array(self.l1_ratios, dtype=float)
        self.gammas_ = [0.0] if self.gammas is None else list(self.gammas)
        score = self._scoring(X, y, labels, weight, params)
        grid = fit_grid(self, X, targets, folds, score, task)
        if self.refit:
            self._fit_chosen(X, targets, grid)
        else:
            self._average(X, targets, grid)
        self._keep(grid)
        return self

    def score(self, X, y, sample_weight=None):
        """Return the score by ``scoring``; where that is None, the expected accuracy.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The rows to score.
        y : array-like of shape (n_samples,)
            Labels, or soft labels in [0, 1].
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Greater is better.
        """
        if self.scoring is None:
            return super().score(X, y, sample_weight)
        from sklearn.metrics import check_scoring

        scorer = check_scoring(self, self.scoring)
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return scorer(self, X, y, **weights)

    def _scoring(self, X, y, labels, weight, params):
        """A function that scores the fits of a fold."""
        # These bring Numba and more of scikit-learn, which a mere import should not wait for.
        from sklearn.metrics import check_scoring

        from ._held_out import FoldModel, held_out_scores

        scorer = None if self.scoring is None else check_scoring(FoldModel(), self.scoring)
        inherited = {name: getattr(self, name) for name in (*_LOSS, *_COMMON)}
        scorer_params = dict(params.scorer.score)
        if scorer_params.get("sample_weight") is not None:  # which may be one number
            given = scorer_params["sample_weight"]
            scorer_params["sample_weight"] = check_sample_weight(given, X.shape[0])

        def score(fold, points):
            models = []
            for fitted, point in points:
                model = FoldModel(**point, **inherited)
                model.classes_, model.n_features_in_ = self.classes_, X.shape[1]
                model.loss_parameters_ = self._loss_parameters(point["gamma"], fold.factors)
                model.coef_, model.intercept_ = _of_one(X, fitted.coef, fitted.intercept)
                models.append(model)
            data = X, fold.held_out, y, (labels, weight)
            return held_out_scores(models, *data, scorer, scorer_params)

        return score

    def _fit_chosen(self, X, targets, grid):
        g, r, c = choose(grid.scores, self.Cs_, self.selection)
        self.C_, self.l1_ratio_ = float(self.Cs_[c]), float(self.l1_ratios_[r])
        self.gamma_ = self.gammas_[g]
        fitted = fit_last(
            self, X, targets, self.C_, self.l1_ratio_, self.gamma_, grid.whole[g, r, c]
        )
        self.coef_, self.intercept_ = _of_one(X, fitted.coef, fitted.intercept)
        self.loss_parameters_ = self._loss_parameters(self.gamma_, targets.factors)
        self.loss_curve_ = fitted.solution.loss_curve
        self.optimality_ = fitted.solution.optimality
        self.solver_ = fitted.solver

    def _average(self, X, targets, grid):
        """The mean of the folds' coefficients, each at its own best values."""
        for name in ("loss_curve_", "optimality_", "solver_"):  # of a fit before, with refit=True
            vars(self).pop(name, None)
        chosen = [choose(scores[np.newaxis], self.Cs_, "best") for scores in grid.scores]
        _, ratios, Cs = np.transpose(chosen)
        self.C_, self.l1_ratio_ = float(self.Cs_[Cs].mean()), float(self.l1_ratios_[ratios].mean())
        self.gamma_ = self.gammas_[0]
        mean = np.mean([grid.coefs[k, *point, 0] for k, point in enumerate(chosen)], axis=0)
        self.coef_, self.intercept_ = _of_one(X, mean[:-1], mean[-1])
        self.loss_parameters_ = self._loss_parameters(self.gamma_, targets.factors)

    def _keep(self, grid):
        """Attributes of the whole grid, without the axes that were not asked for."""
        n_columns = grid.coefs.shape[-1] - (not self.fit_intercept)
        arrays = grid.scores, grid.n_iter, grid.coefs[..., :n_columns]
        if self.gammas is None:
            arrays = [array[:, 0] for array in arrays]
        self.scores_, self.n_iter_, self.coefs_paths_ = arrays

    def _loss_parameters(self, gamma, factors):
        return loss_parameters(gamma, factors[np.newaxis], self.label_smoothing)

    def _routed(self, sample_weight, params):
        """What the splitter and the scorer get."""
        if get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            return Bunch(splitter=routed.splitter, scorer=routed.get("scorer", Bunch(score={})))
        _raise_for_params(params, self, "fit")
        score = {} if sample_weight is None else {"sample_weight": sample_weight}
        return Bunch(splitter=Bunch(split={}), scorer=Bunch(score=score))

    def get_metadata_routing(self):
        """Return what `fit` needs of metadata, and what it hands on to splitter and scorer.

        Returns
        -------
        routing : MetadataRouter
            See scikit-learn's guide to metadata routing.
        """
        from sklearn.metrics import get_scorer

        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(
            splitter=self.cv, method_mapping=MethodMapping().add(caller="fit", callee="split")
        )
        if self.scoring is not None:
            router.add(
                scorer=get_scorer(self.scoring),
                method_mapping=MethodMapping().add(caller="fit", callee="score"),
            )
        return router


def _of_one(X, coef, intercept):
    """Coefficients of one model as attributes."""
    return as_type(X.dtype, coef[np.newaxis], [intercept])


def _check_refit(estimator):
    if estimator.refit:
        return
    if estimator.selection == "1se":
        raise ValueError("selection='1se' needs refit=True: a single fold has no standard error.")
    if estimator.gammas is not None and len(estimator.gammas) > 1:
        raise ValueError(
            "refit=False averages coefficients, which needs one gamma for all of them. Got "
            f"gammas={estimator.gammas!r}."
        )
