"""Three classifiers of fashion articles, 28x28: python pytorch_cnn.py --model mynet --fraction 0.1.

FCNet and SimpleCNN are the handout's. MyNet is made for photographs, whose light differs from the training
images': it cancels brightness and contrast of each image itself, and trains on images changed by augment.py.
"""

import sys

if __name__ == "__main__":
    try:
        from smallnets import starting
    except ModuleNotFoundError:
        word = "pip install -r requirements.txt, in the checkout"
        print(f"error: expected the package smallnets, got no such package: {word}", file=sys.stderr)
        sys.exit(2)

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import contextlib
import io
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from augment import augment
from torch import nn
from torch.nn import functional as F


class FCNet(nn.Module):
    """One Linear on the pixels: [B, 1, 28, 28] in [0, 1] -> log-probabilities [B, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.log_softmax(self.fc(x.flatten(start_dim=1)), dim=1)


class SimpleCNN(nn.Module):
    """A convolution before the Linear: [B, 1, 28, 28] in [0, 1] -> log-probabilities [B, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 10, kernel_size=3, stride=2, padding=1)
        self.fc = nn.Linear(28 * 28 * 10 // 4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.log_softmax(self.fc(F.relu(self.conv(x)).flatten(start_dim=1)), dim=1)


class Block(nn.Module):
    """relu(x + f(x)), f two 3x3 convolutions, a 1x1 on x where sizes differ (He et al., 2016, arXiv:1512.03385)."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = nn.Sequential(*_conv(n_in, n_out, 3, stride), nn.ReLU(), *_conv(n_out, n_out, 3))
        same = stride == 1 and n_in == n_out
        self.shortcut = nn.Identity() if same else nn.Sequential(*_conv(n_in, n_out, 1, stride))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.shortcut(x) + self.residual(x))


class Conv(nn.Conv2d):
    """A convolution whose filters have mean 0 and variance 1 / fan-in (weight standardisation, arXiv:1903.10520)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        norm = weight.square().sum(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12).sqrt()
        return F.conv2d(x, weight / norm, None, self.stride, self.padding)


def _conv(n_in: int, n_out: int, size: int, stride: int = 1) -> tuple[nn.Module, nn.Module]:
    """A convolution and its normalisation, by groups of 16 channels: it needs no batch, so training and use agree."""
    return Conv(n_in, n_out, size, stride, size // 2, bias=False), nn.GroupNorm(n_out // 16, n_out)


class MyNet(nn.Module):
    """A small residual net that sees every image at the same brightness and contrast.

    [B, 1, 28, 28] -> log-probabilities [B, 10]. x -> a * x + b with a > 0 changes nothing, up to rounding. In
    evaluation mode a net that was trained on mirror images takes the mean of the logits of an image and of its mirror.
    """

    mirrored: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        # saved with the weights, since the mirror image harms a net that has never seen one
        self.register_buffer("mirrored", torch.tensor(False))
        self.layers = nn.Sequential(
            *_conv(1, 32, 3), nn.ReLU(),
            Block(32, 64, stride=2), Block(64, 64), Block(64, 128, stride=2), Block(128, 128),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 10),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x - x.mean(dim=(1, 2, 3), keepdim=True)
        # a plain image has no contrast to restore, only rounding
        x = x / x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt().clamp_min(1e-4)
        x = x.to(memory_format=torch.channels_last)  # makes convolutions on a CPU faster
        logits = self.layers(x)
        if self.mirrored and not self.training:
            logits = (logits + self.layers(x.flip(3))) / 2
        return F.log_softmax(logits, dim=1)


MODELS: dict[str, type[nn.Module]] = {"fcnet": FCNet, "simplecnn": SimpleCNN, "mynet": MyNet}
DEFAULTS = {"fcnet": (20, 0.05), "simplecnn": (20, 0.05), "mynet": (36, 0.1)}  # epochs, highest learning rate
SHIPPED = Path(__file__).resolve().parents[2] / "data" / "fashion_mnist" / "ten_classes.npz"
Data = dict[str, torch.Tensor]


def get_model_class(*_: Any) -> list[type[nn.Module]]:
    """The class in a list, for the course's automatic evaluation."""
    return [MyNet]


@torch.no_grad()
def classify(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The class, int64 [B], of each image in x [B, 1, 28, 28], by the model in evaluation mode.

    Args:
        x: floating point in [0, 1], or uint8 from 0 to 255, on the model's device.

    Raises:
        ValueError: another shape or dtype.
    """
    if not torch.is_tensor(x) or x.ndim != 4 or x.shape[1:] != (1, 28, 28):
        received = list(x.shape) if torch.is_tensor(x) else type(x).__name__
        raise ValueError(f"expected x, a tensor of shape [B, 1, 28, 28], got {received}")
    if x.dtype != torch.uint8 and not x.is_floating_point():
        raise ValueError(f"expected x in uint8 or floating point, got {x.dtype}")
    training = model.training
    model.eval()
    try:
        return torch.cat([model(_unit(batch)).argmax(dim=1) for batch in x.split(50)])
    finally:
        model.train(training)


def _unit(x: torch.Tensor) -> torch.Tensor:
    """Pixels as float32 in [0, 1]."""
    return x.float() / 255 if x.dtype == torch.uint8 else x.float()


def load_data(path: Path, permute: bool = False) -> Data:
    """The images and labels of a .npz, as x_train uint8 [N, 1, 28, 28], y_train int64 [N], x_val, y_val.

    Args:
        permute: give the pixels of all images another order, the same for every image.

    Raises:
        ValueError: the file is no .npz or lacks an array, or an array has another shape or dtype.
    """
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in ("x_train", "y_train", "x_val", "y_val")}
    except OSError:
        raise
    except Exception as error:  # a damaged archive ends in any of a dozen errors
        raise ValueError(f"expected {path} to be a .npz with x_train, y_train, x_val, y_val, got {error}") from None
    return tensors(arrays, permute)


def tensors(arrays: Mapping[str, np.ndarray], permute: bool = False) -> Data:
    """The arrays of load_data() as tensors."""
    data = {}
    for split in ("train", "val"):
        x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
        if x.shape != (len(y), 28, 28) or x.dtype != np.uint8 or len(y) == 0 or not 0 <= y.min() <= y.max() <= 9:
            expected = f"x_{split} uint8 [N, 28, 28] and y_{split} [N] from 0 to 9"
            raise ValueError(f"expected {expected}, got {x.dtype} {list(x.shape)} and {list(y.shape)}")
        if permute:
            order = np.random.default_rng(0).permutation(784)
            x = x.reshape(-1, 784)[:, order].reshape(-1, 28, 28)
        data[f"x_{split}"] = torch.from_numpy(np.ascontiguousarray(x))[:, None]
        data[f"y_{split}"] = torch.from_numpy(y.astype(np.int64))
    return data


def train(
    model: str = "mynet", data: Data | None = None, epochs: int | None = None, lr: float | None = None,
    batch_size: int = 128, seed: int = 0, augmented: bool = True, bf16: bool = False, out: str | Path = "model.pt",
) -> nn.Module:  # fmt: skip
    """Train a net, print the course's lines, save its state_dict; as it is where Ctrl-C or a failing print ends it.

    SGD with Nesterov's momentum; the learning rate rises and falls once (Smith and Topin, 2018, arXiv:1708.07120).

    Args:
        model: a key of MODELS.
        data: as from load_data(); left out: the shipped tenth of Fashion-MNIST.
        epochs, lr: left out: the net's own, from DEFAULTS.
        augmented: change the images as augment.py does.
        bf16: compute in bfloat16, twice as fast on processors that have AMX, slower on those without AVX512-BF16.

    Raises:
        ValueError: the loss is no longer a finite number.
    """
    data = load_data(SHIPPED) if data is None else data
    epochs = DEFAULTS[model][0] if epochs is None else epochs
    lr = DEFAULTS[model][1] if lr is None else lr
    if epochs < 1:
        raise ValueError(f"expected at least 1 epoch, got {epochs}")
    x, y = data["x_train"], data["y_train"]
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    net = MODELS[model]()
    if isinstance(net, MyNet):
        net.mirrored.fill_(augmented)
    optimizer = torch.optim.SGD(net.parameters(), lr, momentum=0.9, weight_decay=5e-4, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs * -(-len(x) // batch_size), pct_start=0.15)
    try:
        for epoch in range(epochs):
            net.train()
            for i, rows in enumerate(torch.randperm(len(x), generator=generator).split(batch_size)):
                batch = augment(_unit(x[rows]), generator) if augmented else _unit(x[rows])
                with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                    output = net(batch)
                # on log-probabilities this is nll_loss, with a little doubt about every label
                loss = F.cross_entropy(output.float(), y[rows], label_smoothing=0.1)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
                if i % 100 == 0:
                    print(f"[TRN] Train epoch: {epoch}, batch: {i}\tLoss: {loss.item():.4f}", flush=True)
                if not torch.isfinite(loss):
                    raise ValueError(f"expected a finite loss, got {loss.item()} in epoch {epoch}; lower --lr?")
            accuracy = (classify(net, data["x_val"]) == data["y_val"]).float().mean()
            print(f"[VAL] Validation accuracy: {100 * accuracy:.2f}%", flush=True)
    except (KeyboardInterrupt, OSError) as error:  # a print fails if its reader has gone or the disk is full
        save(net, Path(out))
        if isinstance(error, KeyboardInterrupt):
            print(f"written: {out}, the net as it is")
        raise
    save(net, Path(out))
    return net


def save(net: nn.Module, path: Path) -> None:
    """Write a net's state_dict, whole or not at all; where that fails, into a temporary folder, as training is long.

    Raises:
        OSError: it cannot be written to `path`.
    """
    content = io.BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save(net.state_dict(), content)
    partial = path.with_name(f".{secrets.token_hex(8)}.pt")  # no file of a user has such a name
    try:
        partial.write_bytes(content.getvalue())
        partial.replace(path)
    except OSError as error:
        error.filename = str(path)  # not the partial file, nor none, as where a disk is full
        with contextlib.suppress(OSError):  # which may be full as well
            kept = Path(tempfile.mkdtemp(prefix="kept-")) / path.name
            kept.write_bytes(content.getvalue())
            print(f"kept: the net as {kept}, as {path} cannot be written")
        raise
    finally:
        partial.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line, find the data and train."""
    from smallnets import cli, files, own, threads
    from smallnets.data import fashion

    parser = cli.parser(__doc__)
    parser.add_argument("--model", choices=MODELS, default="mynet")
    parser.add_argument("--epochs", type=cli.whole_number(1), help="passes over the training set; left out: the net's")
    parser.add_argument("--lr", type=cli.number(0), help="highest learning rate; left out: the net's")
    parser.add_argument("--batch_size", type=cli.whole_number(1), default=128)
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of weights, order and changes")
    parser.add_argument("--fraction", type=cli.number(), default=0.1, help="share of the 60,000 images to use")
    parser.add_argument("--data", type=Path, help="a .npz like ten_classes.npz, or a folder with the IDX files")
    parser.add_argument(
        "--permute", action="store_true", help="shuffle the pixels, alike in all images; implies --no_augment"
    )
    parser.add_argument("--no_augment", action="store_true", help="train mynet, too, on the images as they are")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16, for processors with AMX")
    parser.add_argument("--out", type=Path, help="left out: model.pt for mynet, else the model's name and .pt")
    threads.add_option(parser)
    args = parser.parse_args(argv)
    if args.out is None:
        args.out = Path("model.pt" if args.model == "mynet" else f"{args.model}.pt")

    def run() -> int:
        files.expect_file(args.out)  # better to fail now than after training
        args.out.parent.mkdir(parents=True, exist_ok=True)
        if args.data is not None and not args.data.is_dir():
            data = load_data(args.data, args.permute)
        else:
            data = tensors(fashion.ten_classes(args.fraction, args.data, SHIPPED), args.permute)
        print(f"{len(data['x_train'])} images to train on, {len(data['x_val'])} to validate with")
        if args.out.is_file():
            print(f"kept: the former {args.out} as {own.set_aside(args.out)}")
        augmented = args.model == "mynet" and not (args.no_augment or args.permute)
        with threads.limited(args.threads):
            train(args.model, data, args.epochs, args.lr, args.batch_size, args.seed, augmented, args.bf16, args.out)
        print(f"written: {args.out}")
        return 0

    return cli.exit_codes(run)()


if __name__ == "__main__":
    raise SystemExit(main())
