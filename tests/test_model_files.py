"""Model files in every form that students save, for the nets of every lab that takes some; and files that are none."""

import copy
import io
import json
import pickle
import sys
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT
from programs import lab_at
from torch import serialization

from autograder.intake import model_file
from autograder.runner import student_module, torch_file
from smallnets import modelfile, netfile, train
from smallnets.parts import PARTS


def untrained(module: ModuleType, number: int) -> Any:
    return train.untrained(module.fit, PARTS[number].n_classes, PARTS[number].divisor)


# net -> (folder, module, how a grader builds it)
NETS: dict[str, tuple[str, str, Callable[[ModuleType], Any]]] = {
    "MP6's part 1": (".", "neuralnet_p1", lambda module: untrained(module, 1)),
    "MP6's part 2": (".", "neuralnet_p2", lambda module: untrained(module, 2)),
    "MP6's part 3": (".", "neuralnet_p3", lambda module: untrained(module, 3)),
    "MyNet": ("labs/numpy_to_cnn", "pytorch_cnn", lambda module: module.MyNet()),
    "densenet": ("labs/quickdraw", "main_densenet", lambda module: module.TwoLayerDenseNet()),
    "convnet": ("labs/quickdraw", "main_convnet", lambda module: module.TooSimpleConvNN()),
    "bestmodel": ("labs/quickdraw", "main_bestmodel", lambda module: module.BestModel()),
}


def prefixed(net: torch.nn.Module, prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in net.state_dict().items()}


WEIGHTS: dict[str, Callable[[Any], Any]] = {
    "state_dict": lambda net: net.state_dict(),
    "OrderedDict": lambda net: OrderedDict(net.state_dict()),
    "DataParallel": lambda net: prefixed(net, "module."),
    "torch.compile": lambda net: prefixed(net, "_orig_mod."),
    "both": lambda net: prefixed(net, "_orig_mod.module."),
    "model_state_dict": lambda net: {"epoch": 3, "model_state_dict": net.state_dict(), "optimizer": {"lr": 0.1}},
    "state_dict inside": lambda net: {"state_dict": prefixed(net, "module."), "loss": 0.5},
    "model": lambda net: {"model": net.state_dict()},
    "ours": lambda net: {"state_dict": net.state_dict(), "init": None},
    "list": lambda net: list(net.state_dict().values()),
    "named list": lambda net: list(net.state_dict().items()),
}
WHOLE: dict[str, Callable[[Any], Any]] = {
    "whole": lambda net: net,
    "whole in DataParallel": lambda net: torch.nn.DataParallel(net),
    "net": lambda net: {"net": net, "acc": 0.9, "epoch": 3},
    "model": lambda net: {"model": net},
}


@pytest.fixture(scope="module", autouse=True)
def sources() -> Iterator[None]:
    """The sources of classes, which torch's old format holds, are found once: each time, it parses a whole module."""
    found: dict[tuple[type, str], Any] = {}
    find = serialization.get_source_lines_and_file

    def remembered(kind: type, *args: Any) -> Any:
        key = kind, kind.__module__
        if key not in found:
            found[key] = find(kind, *args)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "get_source_lines_and_file", remembered)
        yield


@pytest.fixture(scope="module", params=NETS)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[ModuleType, Any, Any]]:
    """A lab's module, a net of it, and another one of other weights."""
    folder, name, build = NETS[request.param]
    with lab_at(ROOT / folder) as load:
        module = load(name)
        net, other = build(module).eval(), build(module).eval()
        for seed, each in enumerate((net, other)):
            generator = torch.Generator().manual_seed(seed)
            with torch.no_grad():
                for value in each.parameters():
                    value += 0.1 * torch.randn(value.shape, generator=generator)
        yield module, net, other


def save(content: Any, path: Path, old: bool) -> None:
    """As torch.save writes it; a class of `__main__` whose source is not at hand is no matter in the old format."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(content, path, _use_new_zipfile_serialization=not old)


def same(net: Any, other: Any) -> bool:
    x = torch.rand(3, 784, generator=torch.Generator().manual_seed(0))
    x = x.reshape(3, 1, 28, 28) if type(net).__name__ == "MyNet" else x
    with torch.no_grad():
        return torch.equal(net(x), other.eval()(x))


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old format"])
@pytest.mark.parametrize("form", WEIGHTS)
def test_weights_in_any_form_are_loaded_without_running_code(
    form: str, old: bool, case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, net, other = case
    other = copy.deepcopy(other)
    monkeypatch.setattr(student_module, "HANDED_IN", tmp_path)
    save(WEIGHTS[form](net), tmp_path / "net.model", old)
    assert model_file.problem(tmp_path / "net.model") == "" and not same(net, other)
    found, note = torch_file.net_in("net.model", module, lambda: other)
    assert same(net, found) and note == ""


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old format"])
@pytest.mark.parametrize("place", ["its module", "__main__"])
@pytest.mark.parametrize("form", WHOLE)
def test_whole_nets_are_loaded_and_named(
    form: str, place: str, old: bool, case: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, net, other = case
    path, kind = tmp_path / "net.model", type(net)
    monkeypatch.setattr(student_module, "HANDED_IN", tmp_path)
    with monkeypatch.context() as patch:
        if place == "__main__":
            patch.setattr(kind, "__module__", "__main__")
            patch.setattr(sys.modules["__main__"], kind.__name__, kind, raising=False)
        save(WHOLE[form](net), path, old)
    assert model_file.problem(path) == ""
    with pytest.raises(modelfile.PickledError, match=r"save net.state_dict\(\) instead"):
        modelfile.read_weights(path)
    found, note = torch_file.net_in("net.model", module, lambda: other)
    assert same(net, found) and found is not other
    assert f"{module.__name__ if place == 'its module' else place}.{kind.__name__}" in note


def test_parameters_in_the_order_of_get_parameters_are_loaded(tmp_path: Path) -> None:
    class Student(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = torch.nn.Linear(3, 3), torch.nn.Linear(3, 2)
            self.register_buffer("mean", torch.ones(3))

        def get_parameters(self) -> Iterator[torch.Tensor]:
            yield from (self.second.bias, self.second.weight, self.first.bias, self.first.weight)

    net, other = Student(), Student()
    torch.save([value.detach() for value in net.get_parameters()], tmp_path / "net.model")
    found = netfile.restored(modelfile.read_weights(tmp_path / "net.model"), lambda: other, "net.model")
    assert all(torch.equal(value, found.state_dict()[name]) for name, value in net.state_dict().items())
    with pytest.raises(ValueError, match=r"to hold tensors of Student, \[\[3, 3\], .* got \[\[7\]\]"):
        netfile.restored([torch.ones(7)], lambda: other, "net.model")


def test_a_net_whose_own_names_have_a_prefix_keeps_them() -> None:
    net = torch.nn.DataParallel(torch.nn.Linear(2, 1))
    for names in ("module.weight", "module.bias"), ("weight", "bias"):
        state = dict(zip(names, (torch.ones(1, 2), torch.ones(1)), strict=True))
        assert set(netfile.state_for(net, state, "a.pt")) == {"module.weight", "module.bias"}
    part = torch.nn.Sequential(torch.nn.DataParallel(torch.nn.Linear(2, 1)))
    assert netfile.innermost(part) is part and netfile.innermost(net) is net.module


def test_batchnorms_counter_may_be_missing_as_in_files_of_old_torch() -> None:
    state = {name: value for name, value in torch.nn.BatchNorm1d(2).state_dict().items() if "num" not in name}
    netfile.restored(state, lambda: torch.nn.BatchNorm1d(2), "a.pt")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"0.weight": torch.ones(4, 3), "0.bias": torch.ones(4), "1.weight": torch.ones(1)},
         "of Sequential, got those of another net: it has 1.weight; "
         "0.weight is [4, 3] instead of [2, 3], 0.bias is [4] instead of [2]; either the code has changed"),
        ({"fc.weight": torch.ones(2, 3), "fc.bias": torch.ones(2), "fc2.bias": torch.ones(2)},
         "it lacks 0.weight, 0.bias; it has fc.weight, fc.bias and 1 more; either"),
        ({}, "it lacks 0.weight, 0.bias; either"),
        ({"0.weight": 3, "0.bias": [1, 2]}, "0.weight is [] instead of [2, 3]"),
        ({"0.weight": [[1.0] * 3] * 2, "0.bias": torch.ones(2)}, "expected a.pt to hold weights of Sequential, got"),
        ({1: torch.ones(2)}, "expected a.pt to hold weights or a net, got a dict with 1"),
        (3.5, "expected a.pt to hold weights or a net, got a float"),
        ("text", "expected a.pt to hold weights or a net, got a str"),
        (torch.ones(2), "expected a.pt to hold weights or a net, got a Tensor"),
        ([1, 2], "expected a.pt to hold weights or a net, got a list"),
    ],
    ids=["other shapes", "other names", "no names", "numbers", "lists", "a number as a name", "a number", "a text",
         "a tensor", "a list of numbers"],
)  # fmt: skip
def test_weights_of_another_net_are_named(content: Any, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        netfile.restored(content, lambda: torch.nn.Sequential(torch.nn.Linear(3, 2)), "a.pt")
    assert words in str(caught.value) and "\n" not in str(caught.value)[:60]


def bytes_of(write: Callable[[io.BytesIO], Any]) -> bytes:
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "text")
    return file.getvalue()


STATE = torch.nn.Linear(9, 9).state_dict()
NEW = bytes_of(lambda file: torch.save(STATE, file))
OLD = bytes_of(lambda file: torch.save(STATE, file, _use_new_zipfile_serialization=False))
AGAIN = "a damaged or half-written one; save or copy it again"
OTHERS = {
    "a README": (b"\n# My nets\nSee the report.\n", "a text that begins '# My nets'"),
    "a text in UTF-8": ("Größe".encode(), "a text that begins 'Größe'"),
    "a card": (json.dumps({"net": 3}).encode(), "a text that begins '{\"net\": 3}'"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "`git lfs pull`"),
    "empty": (b"", "an empty file; save or copy it again"),
    "a zip": (zipped("a.py", "b.txt"), "a zip of 'a.py', 'b.txt'; hand in the model file itself"),
    "a large zip": (zipped(*"abcd"), "a zip of 'a', 'b', 'c' and more; hand in"),
    "an empty zip": (zipped(), "a zip of nothing"),
    "HTML": (b"\n<!DOCTYPE html>\n<html>", "a web page (HTML); download the file itself"),
    ".npy": (bytes_of(lambda file: np.save(file, np.ones(3))), "a .npy file of numpy.save; write it with torch.save"),
    ".npz": (bytes_of(lambda file: np.savez(file, a=np.ones(3))), "a .npz file of numpy.savez; write it with torch"),
    "Keras": (b"\x89HDF\r\n\x1a\n" + bytes(90), "an HDF5 file (.h5), as Keras writes; build the net in PyTorch"),
    "a pickle": (pickle.dumps({"w": [1, 2]}), "a pickle that torch.save has not written; write it with torch.save"),
    "an old pickle": (pickle.dumps([1], 2), "a pickle that torch.save has not written"),
    "TorchScript": (
        zipped("net/data.pkl", "net/constants.pkl", "net/code/net.py"),
        "a TorchScript archive; write it with torch.save(net.state_dict(), ...)",
    ),
    "gzip": (b"\x1f\x8b" + bytes(30), "a gzip file; unpack it first"),
    "half a file": (NEW[: len(NEW) // 2], AGAIN),
    "bytes": (bytes(range(200, 256)) * 4, "another kind of file or a damaged one"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_file_that_is_no_model_file_is_named_for_what_it_is(name: str, tmp_path: Path) -> None:
    content, words = OTHERS[name]
    path = tmp_path / "net.model"
    path.write_bytes(content)
    assert model_file.problem(path).startswith("expected net.model to be a file of torch.save, got ")
    for read in (modelfile.read_weights, modelfile.unpickled):
        with pytest.raises(ValueError) as caught:
            read(path)
        message = str(caught.value)
        assert message == f"expected {path}{model_file.problem(path).removeprefix('expected net.model')}"
        assert words in message and message.isprintable()
    if name in ("empty", "Git LFS", "HTML", "a zip", "a README"):
        assert "torch.save(" not in message  # for the author has a right file elsewhere


# negative: bytes left out, as the whole length depends on an address in memory
@pytest.mark.parametrize("length", [20, 60, 120, -400, -3])
def test_the_beginning_of_a_file_of_the_old_format_is_a_half_written_one(length: int, tmp_path: Path) -> None:
    assert len(OLD) > 600
    path = tmp_path / "net.model"
    path.write_bytes(OLD[:length])
    for read in (modelfile.read_weights, modelfile.unpickled):
        with pytest.raises(ValueError, match=AGAIN):
            read(path)


def test_an_old_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.model"
    path.write_bytes(OLD + bytes(2000))
    assert "expected net.model of at most" in model_file.problem(path, most_bytes=1000)
