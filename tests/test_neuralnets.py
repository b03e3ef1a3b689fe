"""Our three neuralnet_pK.py against their contract: shapes, counts, ranges, and any N, M and batch size."""

import copy
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from definitions import definitions
from hypothesis import given, settings
from hypothesis import strategies as st

import neuralnet_p1
import neuralnet_p2
import neuralnet_p3
from smallnets import gradcheck, metrics
from smallnets.data import reader

CLASSIFIERS = [neuralnet_p1, neuralnet_p2]
ALL = [neuralnet_p1, neuralnet_p2, neuralnet_p3]
SLOW = pytest.mark.slow


def images(n: int, seed: int = 0) -> torch.Tensor:
    """Raw pixels, float32 [n, 784]."""
    return torch.randint(0, 256, (n, 784), generator=torch.Generator().manual_seed(seed)).float()


def fit(module: ModuleType, x: torch.Tensor, dev: torch.Tensor, n_iter: int, **kwargs: Any) -> tuple:
    """Call a part's fit on raw pixels, with three classes where it wants labels."""
    torch.manual_seed(0)
    if module is neuralnet_p3:
        return module.fit(x / 255, dev / 255, n_iter, **kwargs)
    return module.fit(x, torch.arange(len(x)) % 3, dev, n_iter, **kwargs)


@pytest.mark.parametrize("module", ALL)
@settings(max_examples=12)
@given(n=st.integers(1, 25), m=st.integers(1, 9), n_iter=st.integers(0, 3), batch_size=st.integers(1, 30))
def test_fit_keeps_its_contract_for_any_size(module: ModuleType, n: int, m: int, n_iter: int, batch_size: int) -> None:
    x, dev = images(n), images(m, 1)
    before = x.clone(), dev.clone()
    losses, predictions, net = fit(module, x, dev, n_iter, batch_size=batch_size)
    assert len(losses) == n_iter and all(type(loss) is float and np.isfinite(loss) for loss in losses)
    assert isinstance(predictions, np.ndarray) and not net.training
    if module is neuralnet_p3:
        assert predictions.shape == (m, 784) and predictions.dtype == np.float32
        assert 0 <= predictions.min() <= predictions.max() <= 1
    else:
        assert predictions.shape == (m,) and predictions.dtype == np.int64
        assert set(predictions.tolist()) <= set(range(min(n, 3)))
    assert torch.equal(x, before[0]) and torch.equal(dev, before[1])


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("pixel", [0.0, 255.0])
def test_constant_images_give_no_nan(module: ModuleType, pixel: float) -> None:
    losses, _, net = fit(module, torch.full((20, 784), pixel), torch.full((3, 784), pixel), 3)
    assert np.isfinite(losses).all()
    # nor does anything else shown to that net
    assert torch.isfinite(net(images(4))).all()
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())


# raw pixels on the scales that people train on
SCALES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "raw": lambda x: x,
    "0 to 1": lambda x: x / 255,
    "standardised": lambda x: (x - 72.9) / 90.0,
    "-1 to 1": lambda x: x / 127.5 - 1,
}
NOISE: dict[str, Callable[[int, int], torch.Tensor]] = {
    "randn": torch.randn,
    "rand": torch.rand,
    "zeros": torch.zeros,
    "white": lambda n, size: torch.full((n, size), 255.0),
    "below zero": lambda n, size: torch.full((n, size), -1.0),
}


def shipped(part: int, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The first images of a part as raw pixels [n, 784], with their labels."""
    x, y, _, _ = reader.load_dataset(ROOT / "data/fashion_mnist", part)
    return torch.tensor(x[:n], dtype=torch.float32), torch.tensor(y[:n])


def alone(module: ModuleType, out_size: int) -> Any:
    """A net as it is constructed, with the rate and the loss of fit."""
    torch.manual_seed(0)
    lrate = {neuralnet_p1: 0.08, neuralnet_p2: 0.1, neuralnet_p3: 0.15}[module]
    loss_fn = torch.nn.MSELoss() if module is neuralnet_p3 else torch.nn.CrossEntropyLoss(label_smoothing=0.2)
    return module.NeuralNet(lrate, loss_fn, 784, 784 if module is neuralnet_p3 else out_size)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("steps", [6, pytest.param(60, marks=SLOW)])
def test_a_net_that_is_only_constructed_learns_at_any_scale(module: ModuleType, scale: str, steps: int) -> None:
    x, y = shipped(min(2, ALL.index(module) + 1), 100 * steps)
    x = SCALES[scale](x)
    labels = () if module is neuralnet_p3 else (y,)
    torch.manual_seed(0)
    fitted = module.fit(x, *labels, x[:1], steps)[0]
    net = alone(module, int(y.max()) + 1)
    losses = [net.step(*batch) for batch in zip(x.split(100), *(values.split(100) for values in labels), strict=True)]
    assert losses[0] - min(losses[-3:]) > (fitted[0] - min(fitted[-3:])) / 2 > 0


@pytest.mark.parametrize("module", ALL)
@pytest.mark.parametrize("kind", NOISE)
def test_any_numbers_give_finite_losses(module: ModuleType, kind: str) -> None:
    torch.manual_seed(0)
    x, labels = NOISE[kind](30, 784), () if module is neuralnet_p3 else (torch.arange(30) % 3,)
    net = alone(module, 3)
    assert np.isfinite([net.step(x, *labels) for _ in range(5)]).all()
    losses, _, net = module.fit(x, *labels, x[:2], 5)
    assert np.isfinite(losses).all() and torch.isfinite(net(images(4))).all() and torch.isfinite(net(-x)).all()


def test_the_filters_of_part_2_are_the_same_at_any_scale() -> None:
    x, _ = shipped(2, 1000)
    nets = [alone(neuralnet_p2, 5) for _ in SCALES]
    for net, scale in zip(nets, SCALES.values(), strict=True):
        net.whiten(scale(x))
    assert all(torch.equal(net.filters, nets[0].filters) for net in nets)


@pytest.mark.parametrize(("module", "n_iter"), [(neuralnet_p1, 50), pytest.param(neuralnet_p2, 100, marks=SLOW)])
def test_pixels_of_any_scale_give_the_same_accuracy(module: ModuleType, n_iter: int) -> None:
    splits = reader.load_dataset(ROOT / "data/fashion_mnist", ALL.index(module) + 1)
    x, y, dev, truth = (torch.from_numpy(array) for array in splits)
    found = []
    for scale in SCALES.values():
        torch.manual_seed(0)
        yhats = module.fit(scale(x.float()), y, scale(dev.float()), n_iter)[1]
        found.append(float(np.mean(yhats == truth.numpy())))
    assert max(found) - min(found) <= 0.003 and min(found) > 0.85, found


def test_the_parameter_counts_are_those_of_the_handout() -> None:
    loss_fn = torch.nn.CrossEntropyLoss()
    counts = {}
    for module, out_size in ((neuralnet_p1, 3), (neuralnet_p2, 5), (neuralnet_p3, 784)):
        net = module.NeuralNet(0.1, loss_fn, 784, out_size)
        counts[module.__name__] = sum(p.numel() for p in net.get_parameters())
        assert counts[module.__name__] == sum(p.numel() for p in net.parameters())
    assert counts["neuralnet_p1"] == 784 * 128 + 128 + 128 * 3 + 3 == 100_867
    assert counts["neuralnet_p2"] <= 500_000 and counts["neuralnet_p3"] <= 500_000


COPIES = {"orthogonalise": 3, "batches": 3, "NeuralNet.set_parameters": 3, "NeuralNet.get_parameters": 3,
          "NeuralNet.step": 2}  # parts 1 and 2 learn alike; part 3's weights are orthogonal  # fmt: skip


@pytest.mark.parametrize(("name", "count"), COPIES.items(), ids=COPIES)
def test_the_copies_in_the_files_are_equal(name: str, count: int) -> None:
    # each file is handed in alone, so none can import them from another
    found = [definitions(ROOT / f"{module.__name__}.py")[name] for module in ALL[:count]]
    # part 2's step also sets its mode, as the statistics of a single image would wipe it out
    assert all([line for line in lines if not line.startswith("self.train(")] == found[0] for lines in found)


def test_part_1_is_784_128_3() -> None:
    net = neuralnet_p1.NeuralNet(0.1, torch.nn.CrossEntropyLoss(), 784, 3)
    assert [tuple(p.shape) for p in net.get_parameters()] == [(128, 784), (128,), (3, 128), (3,)]


def test_part_3_is_an_hourglass_of_small_convolutions() -> None:
    net = neuralnet_p3.NeuralNet(0.1, torch.nn.MSELoss(), 784, 784).eval()
    x = torch.rand(2, 1, 28, 28)
    codes = net.encoder(x)
    assert codes[0].numel() <= 196 and net.decoder(codes).shape == (2, 1, 28, 28)
    kinds = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
    layers = [layer for layer in net.modules() if isinstance(layer, kinds)]
    assert layers and all(max(layer.kernel_size) <= 8 for layer in layers)
    # the decoder's weights are the encoder's
    assert {p for layer in layers for p in layer.parameters()} == set(net.parameters())


def test_what_the_bottleneck_drops_is_lost() -> None:
    """Images with one code have one reconstruction: nothing goes round the bottleneck."""
    torch.manual_seed(0)
    net = neuralnet_p3.NeuralNet(0.1, torch.nn.MSELoss(), 784, 784).eval()
    x = torch.rand(3, 784)
    through = net.decoder(net.encoder(x.view(-1, 1, 28, 28))).flatten(1)
    torch.testing.assert_close(net(x), through)


@pytest.mark.parametrize("batch_size", [1, 50])
def test_part_3_stays_a_projection_so_that_the_code_has_what_the_error_lacks(batch_size: int) -> None:
    x = images(50) / 255
    _, _, net = fit(neuralnet_p3, x * 255, x[:5], 12, batch_size=batch_size)
    for weights in net.get_parameters():
        values = torch.linalg.svdvals(weights.detach().flatten(1))
        assert 0.9 < values.min() and values.max() < 1.1
    centred = x + net.encoder[0].image.flatten()
    code = net.encoder(x.view(-1, 1, 28, 28))
    error = (net.train()(x) - x).square().sum()
    torch.testing.assert_close(error + code.square().sum(), centred.square().sum(), rtol=0.02, atol=0)


@pytest.mark.parametrize("module", CLASSIFIERS)
def test_the_net_takes_raw_pixels_and_looks_at_each_image_alone(module: ModuleType) -> None:
    x, dev = images(60), images(20, 1)
    _, yhats, net = fit(module, x, dev, 5)
    with torch.no_grad():
        assert net(dev).shape == (20, 3)
        np.testing.assert_array_equal(net(dev).argmax(1), yhats)
        torch.testing.assert_close(torch.cat([net(row[None]) for row in dev]), net(dev), rtol=1e-3, atol=1e-4)
    # the same images give the same answers in the company of others: no statistics of the dev set
    _, among_others, _ = fit(module, x, torch.cat([dev, 255 - dev]), 5)
    np.testing.assert_array_equal(among_others[:20], yhats)


def test_an_autoencoder_sees_nothing_of_the_other_dev_images() -> None:
    x, dev = images(60), images(20, 1)
    _, xhats, _ = fit(neuralnet_p3, x, dev, 5)
    _, among_others, _ = fit(neuralnet_p3, x, torch.cat([dev, 255 - dev]), 5)
    np.testing.assert_allclose(among_others[:20], xhats, atol=1e-5)


@pytest.mark.parametrize("module", ALL)
def test_orthogonalise_is_newton_schulz_iterations(module: ModuleType) -> None:
    gradient = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(0))
    a = gradient.flatten(1) / gradient.norm()
    assert len(module.COEFFICIENTS) == (7 if module is neuralnet_p3 else 5)
    for c1, c3, c5 in module.COEFFICIENTS:  # as Jordan writes them, X to a X + (b X X^T + c (X X^T)^2) X
        a = c1 * a + (c3 * a @ a.T + c5 * a @ a.T @ a @ a.T) @ a
    update = module.orthogonalise(gradient)
    torch.testing.assert_close(update, a.view(6, 4, 3, 3), rtol=1e-4, atol=1e-4)
    least, most = (0.99, 1.01) if module is neuralnet_p3 else (0.6, 1.3)
    values = torch.linalg.svdvals(update.flatten(1))
    assert least < values.min() and values.max() < most
    assert torch.equal(module.orthogonalise(torch.zeros(2, 3)), torch.zeros(2, 3))


@pytest.mark.parametrize("module", ALL)
def test_an_epoch_visits_each_image_once(module: ModuleType) -> None:
    torch.manual_seed(0)
    batches = module.batches(30, 10)
    for _ in range(2):
        assert sorted(torch.cat([next(batches) for _ in range(3)]).tolist()) == list(range(30))
    assert len(next(module.batches(7, 10))) == 7


@pytest.mark.parametrize("module", ALL)
def test_init_holds_the_arguments(module: ModuleType) -> None:
    net = module.NeuralNet(0.25, torch.nn.MSELoss(), 784, 784 if module is neuralnet_p3 else 4)
    assert net.init == {"lrate": 0.25, "in_size": 784, "out_size": 784 if module is neuralnet_p3 else 4}


@pytest.mark.parametrize("module", ALL)
def test_two_runs_with_one_seed_are_identical(module: ModuleType) -> None:
    x, dev = images(150), images(10, 1)
    first, second = fit(module, x, dev, 4), fit(module, x, dev, 4)
    assert first[0] == second[0]
    np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize("module", ALL)
def test_a_step_is_one_update_and_returns_the_loss_before_it(module: ModuleType) -> None:
    _, _, net = fit(module, images(50), images(5), 0)
    net.train()
    batch = (images(50) / 255,) if module is neuralnet_p3 else (images(50), torch.arange(50) % 3)
    before = [p.detach().clone() for p in net.get_parameters()]
    loss = net.step(*batch)
    assert type(loss) is float
    assert any(not torch.equal(a, b) for a, b in zip(before, net.get_parameters(), strict=True))
    assert min(net.step(*batch) for _ in range(15)) < loss


@pytest.mark.parametrize("module", ALL)
def test_parameters_can_be_carried_from_net_to_net(module: ModuleType) -> None:
    torch.manual_seed(0)
    loss_fn = torch.nn.MSELoss() if module is neuralnet_p3 else torch.nn.CrossEntropyLoss()
    a, b = (module.NeuralNet(0.1, loss_fn, 784, 784 if module is neuralnet_p3 else 3).eval() for _ in range(2))
    x = images(4) / 255
    b.set_parameters(copy.deepcopy(a.get_parameters()))
    torch.testing.assert_close(b(x), a(x))
    a.get_parameters()[0].data.zero_()  # b holds values of its own
    assert b.get_parameters()[0].abs().sum() > 0


@pytest.mark.parametrize("module", ALL)
def test_the_gradient_of_the_loss_is_the_numeric_one(module: ModuleType) -> None:
    torch.manual_seed(0)
    autoencoder = module is neuralnet_p3
    loss_fn = torch.nn.MSELoss() if autoencoder else torch.nn.CrossEntropyLoss()
    net = module.NeuralNet(0.1, loss_fn, 784, 784 if autoencoder else 3).double().train()
    x = images(6).double() / 255
    y = x if autoencoder else torch.arange(6) % 3
    for parameter in net.get_parameters():
        values = parameter.detach().numpy().reshape(-1)  # shares the memory of the parameter
        few = values[:: max(1, len(values) // 3)]
        loss_fn(net(x), y).backward()
        assert parameter.grad is not None
        analytic = parameter.grad.numpy().reshape(-1)[:: max(1, len(values) // 3)].copy()
        net.zero_grad()
        numeric = gradcheck.numeric_gradient(lambda: loss_fn(net(x), y).item(), few, h=1e-6)
        np.testing.assert_allclose(analytic, numeric, rtol=1e-4, atol=1e-8)


def test_a_fit_leaves_global_state_alone() -> None:
    threads, dtype, grad = torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled()
    for module in ALL:
        fit(module, images(20), images(5), 2)
    assert (threads, dtype, grad) == (torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())


@pytest.mark.slow
@pytest.mark.parametrize(("part", "n_iter", "bound"), [(1, 50, 0.985), (2, 100, 0.845), (3, 100, 0.0027)])
def test_the_mean_over_seeds_0_to_4_reaches_the_goal(part: int, n_iter: int, bound: float) -> None:
    x, y, x_dev, y_dev = (torch.from_numpy(a) for a in reader.load_dataset(ROOT / "data/fashion_mnist", part))
    scores = []
    for seed in range(5):
        torch.manual_seed(seed)
        if part == 3:
            xhats = neuralnet_p3.fit(x / 255, x_dev / 255, n_iter)[1]
            scores.append(metrics.mse(x_dev / 255, xhats))
        else:
            yhats = ALL[part - 1].fit(x.float(), y, x_dev.float(), n_iter)[1]
            scores.append(float(np.mean(yhats == y_dev.numpy())))
    mean = float(np.mean(scores))
    assert mean <= bound if part == 3 else mean >= bound, scores
