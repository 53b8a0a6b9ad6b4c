"""BCEClassifier."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ._callbacks import task_of_fit, with_callbacks
from ._inputs import check_X
from ._linear import LinearBinaryClassifier, as_type
from ._parameters import check_parameters
from ._posterior import loss_parameters
from ._progress import forget_progress
from ._stream import end_stream, learn_stream
from ._streamed import StreamedCoefficients
from ._targets import binary_targets
from ._to_sklearn import check_sigmoid, logistic_regression
from ._unchanged import unchanged_on_error
from ._validation import NOTHING_HELD_OUT, binary_judges, hold_out


class BCEClassifier(StreamedCoefficients, LinearBinaryClassifier):
    r"""Linear classifier for the binary cross-entropy family, fitted to its optimum.

    With p = sigmoid(z) and z = X w + b it minimises

    .. math::

        C \sum_i w_i [y_i\,\phi(z_i) + (1 - y_i)\,\phi(-z_i)]
        + \rho \|w\|_1 + \tfrac{1 - \rho}2 \|w\|_2^2,
        \qquad \phi(z) = -(1 - p)^\gamma \log p,

    where y is 0 or 1, or anything between, and :math:`\rho` is ``l1_ratio``. The intercept b is
    not penalised. Features need no scaling for the fit to converge (the penalty still depends on
    their units).

    Parameters
    ----------
    C : float, default=1.0
        Weight of the losses against the penalty, in (0, inf]. ``np.inf`` is no penalty. To multiply
        all sample weights by t is to multiply C by t.
    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1]: 0 is L2, 1 is L1, and elastic net is between. With any
        L1 penalty some coefficients are exactly 0, and `sparsify` pays.
    gamma : float or tuple of two floats, default=0.0
        Focal exponent, >= 0: rows that are already right count less. 0 is cross-entropy. A pair is
        (on positive labels, on negative labels). With gamma > 0 the problem is not convex, and the
        fit is a stationary point reached downhill from the fit of cross-entropy.
    label_smoothing : float, default=0.0
        In [0, 1]: y becomes y (1 - label_smoothing) + label_smoothing / 2.
    class_weight : dict, "balanced" or None, default=None
        Factors on the weights of the two classes. "balanced" makes both weigh the same, counted
        with sample weights and soft labels.
    pos_weight : float, "balanced" or None, default=None
        Factor on the positive term, PyTorch's meaning. "balanced" is the mass of the first class
        over the mass of the second. It multiplies ``class_weight``.
    probability : {"sigmoid", "posterior"}, default="sigmoid"
        What `predict_proba` returns: sigmoid(z), or the probability of "yes" in the data at which z
        is the best logit, which undoes ``gamma``, ``class_weight``, ``pos_weight`` and
        ``label_smoothing``. Neither the fit nor `predict` depends on it. Sample weights are taken
        as frequencies. "posterior" needs ``label_smoothing < 1``.
    fit_intercept : bool, default=True
        Whether to fit b, which is otherwise 0.
    solver : {"auto", "lbfgs", "newton-cg", "newton-cholesky", "newton-cd", "sgd"}, default="auto"
        They reach the same optimum, "sgd" only comes near it. "newton-cholesky" suits up to a few
        hundred features, or up to 2,000 dense rows, "lbfgs" many rows, "newton-cg" thousands of
        features and a weak penalty. An L1 penalty needs "newton-cd" or "sgd". "auto" chooses one of
        them, and never "sgd".
    tol : float, default=1e-8
        Relative sub-optimality (objective - minimum) / objective at which the fit stops. More than
        1e-5 counts as 1e-5: further out the distance cannot be told. For "sgd" it is the relative
        improvement of the objective that makes an epoch worth its while, and less than 1e-5
        counts as 1e-5.
    max_iter : int, default=1000
        Most iterations; epochs for "sgd".
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
        Steps of "sgd" and of `partial_fit`. "adaptive" suits features of any unit and origin
        without tuning: AdaGrad, in centred and scaled features. "constant" and "invscaling" are
        the plain rule in the features as they are, w <- w - eta (p - y) x averaged over a batch,
        with eta = ``eta0`` or eta0 / sqrt(number of the step); then scale the features.
    eta0 : float or None, default=None
        Length of the steps. None is 2.0 for "adaptive", where it is about the change of a logit by
        the first step, and 0.1 for the others.
    batch_size : int or "auto", default="auto"
        Rows of a step of "sgd" and of `partial_fit`, at most 65536. "auto" is 16. Sparse rows with
        "adaptive" steps each take one of their own; there it says how many slopes are worked out
        together, of more than 64 the largest part that divides them, and "auto" is 8.
    shuffle : bool, default=True
        Whether "sgd" takes the rows in a new order in every epoch, and `partial_fit` those of a
        call.
    average : bool, default=True
        Whether the coefficients are an average over the steps, later ones counting more, and not
        those after the last step.
    random_state : int, RandomState or None, default=None
        Seed of the rows that ``early_stopping`` holds out, of the order of the rows for "sgd" and
        `partial_fit`, and of the rows that "lbfgs" draws for its start, on which the optimum does
        not depend. None is a fixed seed.
    verbose : int, default=0
        1 prints a line an iteration.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels; [0., 1.] for float y in [0, 1].
    coef_ : ndarray of shape (1, n_features)
        Coefficients w, float32 if X was.
    intercept_ : ndarray of shape (1,)
        Intercept b.
    n_features_in_ : int
        Number of features.
    n_samples_seen_ : int
        Number of rows learned, in all calls since and with the last `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, if X had string column names.
    n_iter_ : ndarray of shape (1,)
        Iterations that led to ``coef_``, starting phases included; 1 for `partial_fit`. For "sgd"
        all epochs, of which the best one gives ``coef_``. With an L1 penalty the solution of a
        working set, of up to 20 Newton steps, is one. With early stopping those after the best one
        are not counted.
    loss_curve_ : list of float
        Objective over C times the total weight, at the start and after each iteration: a mean loss.
        Iterations of a starting phase are not among them. After `partial_fit` it has the mean loss
        of each call's rows, each from before it was learned, without the penalty.
    validation_scores_ : list of float or None
        Minus the mean loss of the validation rows, at the points of ``loss_curve_``: the loss that
        is minimised, weights and all, without the penalty. None where there are no such rows.
    optimality_ : float
        The relative sub-optimality reached, from the duality gap or the Newton decrement. NaN for
        "sgd" and `partial_fit`: they make no claim.
    solver_ : str
        The solver used.
    loss_parameters_ : dict
        Of the loss that was minimised: ``gamma_positive``, ``gamma_negative``, and the factors
        ``weight_positive`` and ``weight_negative`` that ``class_weight`` and ``pos_weight`` came
        to, each of shape (1,), and ``label_smoothing``. "posterior" is computed from it.

    Raises
    ------
    ValueError
        From `fit` and `partial_fit`, if a parameter or the data are not as described; they leave
        the estimator as it was.

    Warns
    -----
    ConvergenceWarning
        From `fit`, if it ends above ``tol``; with "sgd", if it still improves at ``max_iter``, or
        if its steps only led away from the start.
    SeparationWarning
        From `fit`, if ``C=np.inf`` and no finite coefficients are the best.

    See Also
    --------
    l1_min_C : The C from which on an L1 penalty leaves a feature in use.
    sklearn.linear_model.LogisticRegression : The same model for hard labels and cross-entropy.

    References
    ----------
    T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollar, "Focal Loss for Dense Object Detection",
    ICCV 2017.

    N. Charoenphakdee, J. Vongkulbhisal, N. Chairatanakul, M. Sugiyama, "On Focal Loss for
    Class-Posterior Probability Estimation: A Theoretical Perspective", CVPR 2021.

    J. Duchi, E. Hazan, Y. Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization", JMLR 12, 2011.

    H. B. McMahan, "Follow-the-Regularized-Leader and Mirror Descent: Equivalence Theorems and L1
    Regularization", AISTATS 2011.

    S. Ross, P. Mineiro, J. Langford, "Normalized Online Learning", UAI 2013.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn_bce import BCEClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = BCEClassifier(C=1.0).fit(X, y)
    >>> round(clf.score(X, y), 3)
    0.958
    >>> bool(clf.optimality_ < 1e-8)
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
        self.C = C
        self.l1_ratio = l1_ratio
        self.gamma = gamma
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.pos_weight = pos_weight
        self.probability = probability
        self.fit_intercept = fit_intercept
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.learning_rate = learning_rate
        self.eta0 = eta0
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.average = average
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. Dense float32 and float64 in C or F order and CSR are not copied.
        y : array-like of shape (n_samples,)
            Two hard labels of any type, or the probabilities of "yes", floats in [0, 1].
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, >= 0. None is 1 for all.
        X_val : {array-like, sparse matrix} of shape (n_validation_samples, n_features), \
                default=None
            Rows that judge every iteration, instead of those that ``early_stopping`` would hold
            out. With ``early_stopping=False`` they are judges without consequence: there are
            ``validation_scores_``, and the fit is as without them.
        y_val : array-like of shape (n_validation_samples,), default=None
            Their labels, of the kind of y.
        sample_weight_val : float or array-like of shape (n_validation_samples,), default=None
            Their weights.

        Returns
        -------
        self : BCEClassifier
            Itself, fitted.
        """
        check_parameters(self)
        refuse_probability_columns(y)
        with task_of_fit(self, X, y, sample_weight) as task:
            X, y = check_X(self, X, y, reset=True, finite=False)  # `fit_problems` looks
            split = hold_out(self, X, y, sample_weight, X_val, y_val, sample_weight_val)
            targets = binary_targets(y, split.sample_weight, self)
            return self._fit_binary(X, targets, split, task)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Learn some more rows, once each, by stochastic gradient steps whatever ``solver`` says.

        A stream begins with the first call, or continues from the coefficients of a `fit`. It has
        one penalty for all rows so far, as if they had been given to `fit` together.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Features. They need no scaling.
        y : array-like of shape (n_samples,)
            Labels out of ``classes``, or soft labels in [0, 1]; the first call settles which.
        classes : array-like of shape (2,), default=None
            The two labels. The first call needs them, unless its labels are soft.
        sample_weight : float or array-like of shape (n_samples,), default=None
            Weights of the rows, >= 0. None is 1 for all.

        Returns
        -------
        self : BCEClassifier
            Itself.
        """
        check_parameters(self)
        refuse_probability_columns(y)
        with unchanged_on_error(self):
            learn_stream(self, X, y, classes, sample_weight)
            return self

    @with_callbacks
    def fit_blocks(self, source):
        """Fit the coefficients to rows that come in blocks and are never all in memory.

        The optimum is that of `fit` on all rows at once, and ``tol`` and ``optimality_`` mean the
        same. The source is read once for its labels and the scales of its features, and then
        whenever the solver asks for something: "newton-cholesky", which "auto" takes for up to 512
        features, once an iteration. In memory are one block, some numbers for each of its rows, and
        a few times p x p numbers for p < 2,000 features; "lbfgs" also keeps a sample of 20 p rows,
        at least 5,000.

        Parameters
        ----------
        source : iterable or callable
            Gives blocks, each a tuple (X, y) or (X, y, sample_weight) as in `fit`: an iterable that
            can be read several times (a list, an object with ``__iter__``), or a callable that
            returns a new iterator at each call (a generator function). It must give the same rows
            each time, in any order. A block may lack one of the classes. Blocks must be alike in
            features and their names, in dtype, and in being dense or sparse.

        Returns
        -------
        self : BCEClassifier
            Itself, fitted.

        Raises
        ------
        ValueError
            If the source or its blocks are not as described, if ``early_stopping`` is True, for
            "sgd", or for an L1 penalty with 2,000 features or more.
        """
        check_parameters(self)
        refuse_early_stopping(self)
        # This brings Numba, which a mere import should not wait for.
        from ._blocks import survey

        with task_of_fit(self) as task:
            blocks = survey(self, source)
            return self._fit_binary(blocks, blocks.targets.merged, task=task)

    def to_sklearn(self):
        """Return the same fitted model as scikit-learn's `LogisticRegression`.

        Logits, labels and probabilities are equal. Its parameters ``C`` and ``fit_intercept`` are
        ours. Fitted again, it is another model wherever labels or loss are not those of
        `LogisticRegression`.

        Returns
        -------
        model : LogisticRegression
            Fitted, with copies of the coefficients.

        Raises
        ------
        ValueError
            If ``probability="posterior"``, which has no counterpart.
        """
        check_is_fitted(self)
        check_sigmoid(self)
        return logistic_regression(self, self.classes_)

    def _fit_binary(self, X, targets, split=NOTHING_HELD_OUT, task=None):
        # This brings Numba, which a mere import should not wait for.
        from ._fit import Problem, fit_problems

        (start,) = self._starts(1, X.shape[1])
        judges = binary_judges(split, targets, self.label_smoothing)
        self.classes_ = targets.classes
        self.loss_parameters_ = loss_parameters(
            self.gamma, targets.factors[np.newaxis], self.label_smoothing
        )
        end_stream(self, X.shape[0])
        if task is not None:
            task.begin([start] if start else [(np.zeros(X.shape[1]), 0.0)])
        problem = Problem(lambda: targets, start, judges=judges)
        ((_, fitted),) = fit_problems(self, X, [problem], split=split, task=task)
        self.coef_, self.intercept_ = as_type(X.dtype, fitted.coef[np.newaxis], [fitted.intercept])
        self.n_iter_ = np.array([fitted.solution.n_iter])
        self.loss_curve_ = fitted.solution.loss_curve
        self.validation_scores_ = fitted.validation_scores
        self.optimality_ = fitted.solution.optimality
        self.solver_ = fitted.solver
        forget_progress(self)
        return self

    def _starts(self, n_problems, n_features):
        """Coefficients and intercept that each problem continues from, or None."""
        if not (self.warm_start and hasattr(self, "coef_")):
            return [None] * n_problems
        coef = self.densify().coef_.astype(np.float64)
        if coef.shape != (n_problems, n_features):
            raise ValueError(
                f"warm_start=True continues from coef_ of shape {coef.shape}, but X and y ask for "
                f"{(n_problems, n_features)}."
            )
        return list(zip(coef, self.intercept_.astype(np.float64).tolist(), strict=True))


def refuse_early_stopping(estimator):
    """Raise if `fit_blocks` is to hold out rows."""
    if estimator.early_stopping:
        raise ValueError("early_stopping=True is not available for fit_blocks: use False.")


def refuse_probability_columns(y):
    """Raise if y has the two columns of `predict_proba`."""
    shape = getattr(y, "shape", ())
    if len(shape) == 2 and shape[1] == 2:
        raise ValueError(
            f"y should be a 1d array, got an array of shape {shape} instead. Of the probabilities "
            "of two classes, pass those of the second: y[:, 1]."
        )
