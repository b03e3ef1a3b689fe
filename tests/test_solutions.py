"""The example submissions: in the style of students, right but for what they are wrong in on purpose."""

import numpy as np
import pytest
import styles
import torch
from conftest import ROOT, Once
from solutions.make import HERE, STYLES
from test_imports import violations

from smallnets import modelfile
from smallnets.data import reader
from smallnets.student import imported

KINDS = {"neuralnet": ".py", "net": ".model"}
every_style = pytest.mark.parametrize("style", STYLES)
every_part = pytest.mark.parametrize("part", [1, 2, 3])


@every_style
@every_part
def test_a_submission_stands_alone_and_is_short(style: str, part: int) -> None:
    source = (HERE / f"{style}/neuralnet_p{part}.py").read_text()
    assert violations(f"neuralnet_p{part}.py", source) == []
    assert len(source.splitlines()) <= 80


def score(part: int, predictions: np.ndarray) -> float:
    """Accuracy on the development set, or in part 3 the mean squared error."""
    _, _, x_dev, y_dev = reader.load_dataset(ROOT / "data/fashion_mnist", part)
    if part == 3:
        return float(np.mean((predictions.reshape(-1, 784) - x_dev / 255) ** 2))
    return float(np.mean(predictions == y_dev))


@pytest.mark.slow
@every_style
def test_a_submission_reaches_the_thresholds(style: str, once: Once) -> None:
    reached = [score(part, np.load(styles.made(once) / f"{style}_part{part}.npy")) for part in (1, 2, 3)]
    assert reached[0] > 0.96 and reached[1] >= 0.73 and reached[2] < 0.03, reached


@pytest.mark.slow
def test_each_submission_is_written_as_its_student_saves(once: Once) -> None:
    made = styles.made(once)
    expected = {f"{name}_p{part}{kind}" for part in (1, 2, 3) for name, kind in KINDS.items()}
    for style in STYLES:  # beside which Python may keep the compiled modules
        assert {path.name for path in (made / style).iterdir() if path.is_file()} == expected
    for part in (1, 2, 3):
        name = f"net_p{part}.model"
        assert isinstance(modelfile.read_weights(made / "terse" / name), dict)
        for style in ("pickled", "by_hand"):
            with pytest.raises(ValueError, match="pickled object"):
                modelfile.read_weights(made / style / name)
            with imported(made / style / f"neuralnet_p{part}.py") as module:
                net = torch.load(made / style / name, weights_only=False)
                assert type(net) is module.NeuralNet
                assert torch.isfinite(net(torch.zeros(2, 784))).all()
