"""Packages that students import and that grading does not need: named as much as they like, used not at all."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from autograder.runner import stub_modules
from labs.batchnorm.grading.inside import build
from labs.beras.grading.inside import parts
from labs.numpy_to_cnn.grading.inside.stub_torchvision import without_torchvision

TEMPLATE = (
    "import torchvision\nimport torchvision.transforms as T\nfrom torchvision import datasets, transforms\n"
    "from torchvision.transforms import ToTensor\nfrom torchvision.models.resnet import *\n"
    "version = torchvision.__version__\ndata = datasets.FashionMNIST\n"
    "both = transforms.Compose([T.ToTensor(), ToTensor(), torchvision.transforms.Normalize((0.5,), (0.5,))])\n"
)


@pytest.fixture(autouse=True)
def clean_imports() -> Iterator[None]:
    finders, modules = list(sys.meta_path), dict(sys.modules)
    yield
    sys.meta_path[:] = finders
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "template.py").write_text(TEMPLATE)
    monkeypatch.syspath_prepend(tmp_path)
    return "template"


def test_torchvision_may_be_named_and_not_used(template: str) -> None:
    module = without_torchvision(template)
    with pytest.raises(
        RuntimeError, match=r"no call of torchvision.transforms.Compose, as torchvision is for training"
    ):
        module.both(torch.ones(2))
    with pytest.raises(ModuleNotFoundError):
        without_torchvision("torchaudio")


def test_torchvision_is_replaced_by_blank_images_and_transforms_that_change_nothing(template: str) -> None:
    stub_modules.install(build.STUBS)
    module = importlib.import_module(template)
    assert module.both(5) == 5 and module.data is build.Pictures and len(module.data()) == 100
    with pytest.raises(RuntimeError, match=r"expected no call of torchvision.models.resnet18, as torchvision is for"):
        module.torchvision.models.resnet18()


def test_a_foreign_library_may_be_imported_even_where_it_is_there_and_not_used() -> None:
    parts.load()
    keras = importlib.import_module("keras.layers")
    with pytest.raises(RuntimeError, match=r"expected no call of keras.layers.Dense, as this lab is written in NumPy"):
        keras.Dense(10)
    other = importlib.import_module("torch.nn")
    assert isinstance(other, stub_modules.StubModule) and not hasattr(other, "__file__")


def test_a_package_that_is_there_is_replaced_only_where_it_is_asked_for() -> None:
    stubs = {"json": stub_modules.unusable("as it is not needed")}
    stub_modules.install(stubs, replace=False)
    assert importlib.import_module("json").loads("[1]") == [1]
    stub_modules.install({"json": stubs["json"], "no_such_package": stubs["json"]})
    with pytest.raises(RuntimeError, match="expected no call of json.loads, as it is not needed"):
        importlib.import_module("json").loads("[1]")


def test_installing_twice_is_installing_once() -> None:
    stub_modules.install(build.STUBS)
    first, before = importlib.import_module("torchvision"), list(sys.meta_path)
    stub_modules.install(build.STUBS)
    assert sys.meta_path == before and importlib.import_module("torchvision") is first
