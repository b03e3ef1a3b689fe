"""What scikit-learn reaches on the same images: classifiers for parts 1 and 2, PCA for part 3."""

from typing import Any

from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from smallnets import metrics
from smallnets.splits import Split


def classifiers() -> dict[str, Any]:
    """scikit-learn's defaults but for SVC's C."""
    return {
        "SVC(C=10)": SVC(C=10),
        "random forest": RandomForestClassifier(random_state=0),
        "5-NN": KNeighborsClassifier(5),
    }


def accuracies(split: Split) -> dict[str, float]:
    """The accuracy on the development set of each classifier, trained on the whole training set."""
    x, dev_x, y = split.x.numpy() / 255, split.dev.x.numpy() / 255, split.y.numpy()
    found = {}
    for name, model in classifiers().items():
        found[name] = float((model.fit(x, y).predict(dev_x) == split.dev.y).mean())
    return found


def pca_mse(split: Split, n_components: int) -> float:
    """The MSE on the development set of the linear code of that many numbers that is best on the training set.

    What it makes is clamped to [0, 1], as our net's images are.
    """
    dev_x, pca = split.dev.x.numpy(), PCA(n_components, svd_solver="covariance_eigh").fit(split.x.numpy())
    return metrics.mse(dev_x, pca.inverse_transform(pca.transform(dev_x)).clip(0, 1))


def scores(part: int, split: Split, bottleneck: int | None) -> dict[str, float]:
    """Accuracies of parts 1 and 2; the MSE of PCA at part 3's bottleneck (no wider than there are images)."""
    if part != 3:
        return accuracies(split)
    n_components = 0 if bottleneck is None else min(bottleneck, *split.x.shape)
    return {f"PCA({n_components})": pca_mse(split, n_components)} if n_components else {}
