import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mp6
from smallnets import metrics, tables


@st.composite
def labels(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray]:
    """K, truth and predictions, with classes that never occur and ones never predicted."""
    n_classes = draw(st.integers(1, 7))
    n = draw(st.integers(1, 60))
    label = st.integers(0, draw(st.integers(0, n_classes - 1)))
    y, yhat = (draw(st.lists(label, min_size=n, max_size=n)) for _ in range(2))
    return n_classes, np.array(y), np.array(yhat)


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(labels())
def test_scores_agree_with_scikit_learn(case: tuple[int, np.ndarray, np.ndarray]) -> None:
    from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

    n_classes, y, yhat = case
    classes = list(range(n_classes))
    ours = metrics.confusion_matrix(y, yhat, n_classes)
    np.testing.assert_array_equal(ours, confusion_matrix(y, yhat, labels=classes))
    precision, recall, f1, _ = precision_recall_fscore_support(y, yhat, labels=classes, zero_division=0)
    assert metrics.accuracy(ours) == pytest.approx(accuracy_score(y, yhat), abs=1e-12)
    np.testing.assert_allclose(metrics.precision(ours), precision, rtol=0, atol=1e-12)
    np.testing.assert_allclose(metrics.recall(ours), recall, rtol=0, atol=1e-12)
    np.testing.assert_allclose(metrics.f1(ours), f1, rtol=0, atol=1e-12)


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_mse_agrees_with_scikit_learn(n: int, d: int, seed: int) -> None:
    from sklearn.metrics import mean_squared_error

    x, xhat = np.random.default_rng(seed).normal(size=(2, n, d))
    assert metrics.mse(x, xhat) == pytest.approx(mean_squared_error(x, xhat), abs=1e-12)
    np.testing.assert_allclose(metrics.mse_per_row(x, xhat), mean_squared_error(x.T, xhat.T, multioutput="raw_values"))


def test_mse_of_float32_is_summed_in_float64() -> None:
    x = np.full((1000, 784), 0.1, np.float32)
    assert metrics.mse(x, np.zeros_like(x)) == pytest.approx(float(np.float32(0.1)) ** 2, rel=1e-12)


def test_a_worked_example() -> None:
    # class 0: 2 of 3 found, 2 of 2 guesses right; class 1: 1 of 1 found, 1 of 2 right; class 2: empty
    matrix = metrics.confusion_matrix([0, 0, 0, 1], [0, 0, 1, 1], 3)
    assert matrix.tolist() == [[2, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert metrics.accuracy(matrix) == 0.75
    assert metrics.precision(matrix).tolist() == [1.0, 0.5, 0.0]
    assert metrics.recall(matrix).tolist() == [2 / 3, 1.0, 0.0]
    assert metrics.f1(matrix).tolist() == [0.8, 2 / 3, 0.0]


def test_the_drivers_function_keeps_its_signature_and_order() -> None:
    accuracy, f1, precision, recall = mp6.compute_accuracies(np.array([0, 0, 1, 1]), None, np.array([0, 0, 0, 1]), 3)
    assert (accuracy, f1, precision, recall) == (0.75, [0.8, 2 / 3, 0.0], [1.0, 0.5, 0.0], [2 / 3, 1.0, 0.0])


@pytest.mark.parametrize(
    ("y", "yhat", "message"),
    [
        ([0, 1], [0], "one shape"),
        ([0, 1], [0, 3], r"expected yhat in 0\.\.2, got 0\.\.3"),
        ([-1, 1], [0, 1], r"expected y in 0\.\.2, got -1\.\.1"),
        ([0.0, 1.0], [0, 1], "integers in y"),
    ],
)
def test_wrong_labels_are_named(y: list, yhat: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.confusion_matrix(y, yhat, 3)


def test_mse_of_unequal_or_empty_arrays_is_refused() -> None:
    with pytest.raises(ValueError, match="one shape"):
        metrics.mse(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="not empty"):
        metrics.mse(np.zeros((0, 3)), np.zeros((0, 3)))


def test_tables_say_which_class_is_empty_and_fit_80_columns() -> None:
    names = ["cloth", "shoe", "bag"]
    text = tables.per_class(np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0]]), names)
    assert text.splitlines()[3] == "bag       0.0000  0.0000  0.0000       0  (not in this set)  (never predicted)"
    many = [f"a rather long class name {k}" for k in range(12)]
    assert max(map(len, tables.confusion(np.full((12, 12), 480), many).splitlines())) <= 80
    assert tables.confusion(np.diag([5, 6, 7]), names).splitlines()[1:3] == [
        "       cloth   shoe    bag",
        "cloth      5      0      0",
    ]
