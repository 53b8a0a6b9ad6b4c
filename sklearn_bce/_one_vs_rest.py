"""OneVsRestBCEClassifier."""

from functools import partial

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._binary import BCEClassifier, refuse_early_stopping
from ._callbacks import task_of_fit, with_callbacks
from ._exceptions import warn
from ._inputs import check_X, flat_if_one_column
from ._label_columns import LabelColumns, ProblemTargets
from ._label_weights import LabelWeights
from ._linear import as_type
from ._linear_labels import LinearOneVsRestClassifier
from ._parameters import ONE_VS_REST_RULES, check_parameters
from ._posterior import check_closed_form, loss_parameters
from ._progress import forget_progress
from ._stream import end_stream, learn_stream
from ._targets import binary_targets, is_soft, sorted_labels
from ._to_sklearn import check_sigmoid, one_vs_rest
from ._unchanged import unchanged_on_error
from ._validation import NOTHING_HELD_OUT, hold_out, judges_of_labels


class OneVsRestBCEClassifier(LinearOneVsRestClassifier, BCEClassifier):
    r"""One sigmoid for each label, all fitted together: multiclass, multilabel, soft multilabel.

    Label k is a binary problem of its own, label k against the rest, with the objective of
    `BCEClassifier`; the K problems share X and each reading of it. With two classes in a 1-D y it
    does what `BCEClassifier` does.

    Parameters
    ----------
    C : float, default=1.0
        Weight of the losses against the penalty, in (0, inf]. ``np.inf`` is no penalty.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1]; the rest is L2.
    gamma : float or tuple of two floats, default=0.0
        Focal exponent, >= 0, or a pair (on positive labels, on negative labels).
    label_smoothing : float, default=0.0
        In [0, 1]: y becomes y (1 - label_smoothing) + label_smoothing / 2, in each problem.
    class_weight : dict, "balanced" or None, default=None
        "balanced" makes "yes" and "no" weigh the same in each problem by itself. A dict, from label
        to the weight of that class's rows, is for multiclass y only.
    pos_weight : float, array-like of shape (n_labels,), "balanced" or None, default=None
        Factor on the positive term, of all problems or of each.
    probability : {"sigmoid", "posterior"}, default="sigmoid"
        As in `BCEClassifier`, for each problem by itself. A multiclass y with a dict of class
        weights that differ has no "posterior".
    fit_intercept : bool, default=True
        Whether to fit intercepts.
    normalize : bool, default=True
        Whether the probabilities of a multiclass y are divided by their sum. If False they are the
        K independent ones.
    solver : {"auto", "lbfgs", "newton-cg", "newton-cholesky", "newton-cd", "sgd"}, default="auto"
        As in `BCEClassifier`.
    tol : float, default=1e-8
        Relative sub-optimality at which each problem stops; for "sgd" as in `BCEClassifier`.
    max_iter : int, default=1000
        Most iterations of each problem.
    warm_start : bool, default=False
        Start from the coefficients of the last fit.
    early_stopping : bool, default=False
        Whether to hold out rows, judge every iteration by them, end when they get no better, and
        keep the best iteration.
    validation_fraction : float, default=0.1
        In (0, 1): the share of the rows to hold out, of each class.
    n_iter_no_change : int, default=5
        Iterations in succession that improve the validation loss by less than ``tol``, relative,
        after which an early-stopped fit ends. For "sgd" also epochs that improve the objective by
        less, after which any fit ends.
    learning_rate : {"adaptive", "constant", "invscaling"}, default="adaptive"
        As in `BCEClassifier`, as the next four.
    eta0 : float or None, default=None
        Length of the steps; None is 2.0 for "adaptive", and 0.1 for the others.
    batch_size : int or "auto", default="auto"
        Rows of a step, or of sparse rows with "adaptive" steps those whose slopes are worked out
        together; "auto" is 16, or 8.
    shuffle : bool, default=True
        Whether rows are taken in another order.
    average : bool, default=True
        Whether the coefficients are an average over the steps.
    random_state : int, RandomState or None, default=None
        Seed of the rows that ``early_stopping`` holds out, the same for all problems, of the order
        of the rows for "sgd" and `partial_fit`, and of the rows that "lbfgs" draws for its start.
        None is a fixed seed.
    verbose : int, default=0
        1 prints a line for each problem's iterations.

    Attributes
    ----------
    classes_ : ndarray of shape (n_labels,)
        The classes, or the numbers of the columns of y.
    coef_ : ndarray of shape (n_labels, n_features)
        Coefficients; one row for two classes.
    intercept_ : ndarray of shape (n_labels,)
        Intercepts; one for two classes.
    multilabel_ : bool
        Whether y had a column for each label.
    n_features_in_ : int
        Number of features.
    n_samples_seen_ : int
        Number of rows learned, in all calls since and with the last `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had string column names.
    n_iter_ : ndarray of shape (n_labels,)
        Iterations of each problem that led to its coefficients, as in `BCEClassifier`.
    loss_curve_ : list of lists of float
        The loss curve of each problem, as in `BCEClassifier`; one list of float for two classes.
    validation_scores_ : list of lists of float, or None
        The validation scores of each problem, as in `BCEClassifier`; one list of float for two
        classes. None where there are no validation rows.
    optimality_ : ndarray of shape (n_labels,)
        The relative sub-optimality of each problem; a float for two classes. NaN for "sgd" and
        `partial_fit`.
    indicator_form_ : tuple of str
        Dtype and format of a multilabel y, which `predict` returns its labels in.
    solver_ : str
        The solver used.
    loss_parameters_ : dict
        As in `BCEClassifier`, with arrays of shape (n_labels,); (1,) for two classes. None
        for a dict of class weights that differ.

    Raises
    ------
    ValueError
        From `fit` and `partial_fit`, if a parameter or the data are not as described; they leave
        the estimator as it was.

    Warns
    -----
    ConvergenceWarning
        From `fit`, if a problem ends above ``tol``; with "sgd", if it still improves at
        ``max_iter``, or if its steps only led away from the start.
    SeparationWarning
        From `fit`, if ``C=np.inf`` and a problem has no best finite coefficients.
    UserWarning
        From `fit`, for a label that all rows have, or none: its probability is constant.

    See Also
    --------
    BCEClassifier : Two classes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn_bce import OneVsRestBCEClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = OneVsRestBCEClassifier(C=100.0).fit(X, y)
    >>> clf.coef_.shape
    (3, 4)
    >>> bool((clf.optimality_ < 1e-8).all())
    True
    """

    def __init__(
        self,
        *,
        C=1.0,
        l1_ratio=0.0,
        gamma=0.0,
        label_smoothing=0.0,
        class_weight=None,
        pos_weight=None,
        probability="sigmoid",
        fit_intercept=True,
        normalize=True,
        solver="auto",
        tol=1e-8,
        max_iter=1000,
        warm_start=False,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=5,
        learning_rate="adaptive",
        eta0=None,
        batch_size="auto",
        shuffle=True,
        average=True,
        random_state=None,
        verbose=0,
    ):
        super().__init__(
            C=C,
            l1_ratio=l1_ratio,
            gamma=gamma,
            label_smoothing=label_smoothing,
            class_weight=class_weight,
            pos_weight=pos_weight,
            probability=probability,
            fit_intercept=fit_intercept,
            solver=solver,
            tol=tol,
            max_iter=max_iter,
            warm_start=warm_start,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            n_iter_no_change=n_iter_no_change,
            learning_rate=learning_rate,
            eta0=eta0,
            batch_size=batch_size,
            shuffle=shuffle,
            average=average,
            random_state=random_state,
            verbose=verbose,
        )
        self.normalize = normalize

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = True
        tags.classifier_tags.multi_label = True
        return tags

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the coefficients of all problems.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or {array-like, sparse matrix} of shape \
                (n_samples, n_labels)
            Class labels, an indicator matrix of labels, or shares in [0, 1] of each label.
        sample_weight : float or array-like of shape (n_samples,) or (n_samples, n_labels), \
                default=None
            Weights of the rows, >= 0, for all problems or for each.
        X_val : {array-like, sparse matrix} of shape (n_validation_samples, n_features), \
                default=None
            Rows that judge every iteration, instead of those that ``early_stopping`` would hold
            out. With ``early_stopping=False`` they are judges without consequence: there are
            ``validation_scores_``, and the fit is as without them.
        y_val : array-like of shape (n_validation_samples,) or (n_validation_samples, n_labels), \
                default=None
            Their labels, of the kind of y.
        sample_weight_val : float or array-like of shape (n_validation_samples,) or \
                (n_validation_samples, n_labels), default=None
            Their weights.

        Returns
        -------
        self : OneVsRestBCEClassifier
            Itself, fitted.
        """
        check_parameters(self, ONE_VS_REST_RULES)
        with task_of_fit(self, X, y, sample_weight, has_labels=True) as task:
            X, y = check_X(self, X, y, reset=True, multi_output=True, finite=False)
            y = flat_if_one_column(y)
            split = hold_out(self, X, y, sample_weight, X_val, y_val, sample_weight_val)
            if y.ndim == 1 and _is_binary(y):
                self.multilabel_, self.indicator_form_ = False, ("", "")
                targets = binary_targets(y, split.sample_weight, self)
                return self._fit_binary(X, targets, split, task)
            labels = LabelColumns(y)
            label_weights = LabelWeights(self, labels.classes, labels.is_multilabel)
            targets = ProblemTargets(labels, split.sample_weight, label_weights)
            return self._fit_many(X, targets, split, task)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn some more rows, once each, by stochastic gradient steps whatever ``solver`` says.

        See `BCEClassifier.partial_fit`; all problems learn from one reading of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. They need no scaling.
        y : array-like of shape (n_samples,) or {array-like, sparse matrix} of shape \
                (n_samples, n_labels)
            Labels out of ``classes``, an indicator matrix, or shares in [0, 1] of each label.
        classes : array-like of shape (n_labels,), default=None
            All labels. The first call needs them, unless y has a column for each label or is soft.
        sample_weight : float or array-like of shape (n_samples,) or (n_samples, n_labels), \
                default=None
            Weights of the rows, >= 0, for all problems or for each.

        Returns
        -------
        self : OneVsRestBCEClassifier
            Itself.
        """
        check_parameters(self, ONE_VS_REST_RULES)
        with unchanged_on_error(self):
            learn_stream(self, X, y, classes, sample_weight, many=True)
            return self

    @with_callbacks
    def fit_blocks(self, source):
        """Fit the coefficients of all problems to rows that come in blocks.

        All labels share each reading of the source, if they are not more than fit into some memory
        side by side: 256 MB, of which each takes a few times p x p numbers for p < 2,000 features.

        Parameters
        ----------
        source : iterable or callable
            As in `BCEClassifier.fit_blocks`. With several columns in y, all blocks have as many;
            with one, all blocks together have at most 1,000 classes. The weights of rows are those
            for all problems.

        Returns
        -------
        self : OneVsRestBCEClassifier
            Itself, fitted.

        Raises
        ------
        ValueError
            If the source or its blocks are not as described, if ``early_stopping`` is True, for
            "sgd", or for an L1 penalty with 2,000 features or more.
        """
        check_parameters(self, ONE_VS_REST_RULES)
        refuse_early_stopping(self)
        # This brings Numba, which a mere import should not wait for.
        from ._blocks import survey

        with task_of_fit(self, has_labels=True) as task:
            blocks = survey(self, source, many=True)
            if blocks.is_binary:
                self.multilabel_, self.indicator_form_ = False, ("", "")
                return self._fit_binary(blocks, blocks.targets.merged, task=task)
            return self._fit_many(blocks, blocks.targets, NOTHING_HELD_OUT, task)

    def _fit_many(self, X, targets, split, task):
        # This brings Numba, which a mere import should not wait for.
        from ._fit import Problem, fit_problems

        labels, label_weights = targets.labels, targets.label_weights
        if self.probability == "posterior":
            check_closed_form(label_weights.has_posterior)
        n_labels = len(labels)
        coef, intercept = np.zeros((n_labels, X.shape[1])), np.zeros(n_labels)
        n_iter, optimality = np.ones(n_labels, dtype=int), np.zeros(n_labels)
        curves, scores = [[] for _ in range(n_labels)], [[] for _ in range(n_labels)]
        factors, gammas = np.ones((n_labels, 2)), np.zeros((n_labels, 2))
        starts = self._starts(n_labels, X.shape[1])
        judges = judges_of_labels(split, targets)
        self.solver_ = self.solver  # unless all labels are constant, what it comes to
        problems = []
        for k, name in enumerate(labels.classes.tolist()):
            mass = targets.mass(k)
            if mass.all():
                factors[k], gammas[k] = label_weights.factors(k, mass), self.gamma
                make = partial(targets.of_problem, k)
                judge = judges(k, factors[k])
                problems.append(Problem(make, starts[k], f", label {name!r}", k, judges=judge))
            else:
                _warn_of_constant(name, mass)
                intercept[k] = targets.constant_logit(mass)
        end_stream(self, X.shape[0])
        self.classes_, self.multilabel_ = labels.classes, labels.is_multilabel
        self.indicator_form_ = (labels.dtype, labels.format)
        self.loss_parameters_ = (
            loss_parameters(gammas, factors, self.label_smoothing)
            if label_weights.has_posterior
            else None
        )
        if task is not None:
            flat = zip(coef, intercept, strict=True)
            task.begin([start or other for start, other in zip(starts, flat, strict=True)])
        row_weight = targets.row_weight()
        for problem, fitted in fit_problems(self, X, problems, row_weight, split, task):
            k = problem.index
            coef[k], intercept[k] = fitted.coef, fitted.intercept
            n_iter[k], optimality[k] = fitted.solution.n_iter, fitted.solution.optimality
            curves[k], self.solver_ = fitted.solution.loss_curve, fitted.solver
            scores[k] = fitted.validation_scores
        self.coef_, self.intercept_ = as_type(X.dtype, coef, intercept)
        self.n_iter_, self.optimality_, self.loss_curve_ = n_iter, optimality, curves
        forget_progress(self)
        self.validation_scores_ = scores if split.judges else None
        return self

    def to_sklearn(self):
        """Return the same fitted model as scikit-learn's `OneVsRestClassifier`.

        It holds a `LogisticRegression` for each label; for two classes it is a `LogisticRegression`
        itself. Logits, labels and probabilities are equal.

        Returns
        -------
        model : OneVsRestClassifier or LogisticRegression
            Fitted, with copies of the coefficients.

        Raises
        ------
        ValueError
            If ``probability="posterior"``, or if y was multiclass and ``normalize=False``, which
            have no counterpart.
        """
        check_is_fitted(self)
        check_sigmoid(self)
        return one_vs_rest(self) if self._has_many() else super().to_sklearn()


def _is_binary(y):
    """Whether a 1-D y is one that BCEClassifier takes, or has to refuse."""
    return is_soft(y) or len(sorted_labels(y)) <= 2


def _warn_of_constant(name, mass):
    quantity = "all" if mass[1] > 0 else "no"
    warn(
        f"Label {name!r} is present in {quantity} training examples with a weight: its "
        "probability is constant."
    )
