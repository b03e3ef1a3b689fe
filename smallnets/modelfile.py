"""Saved nets that open without running anyone's code, each with a run card beside it.

A model file is `torch.save` of {"state_dict": ..., "init": {plain constructor arguments} or None};
its run card is JSON of the same name: arguments, seed, versions, threads, metrics, sha256.
"""

import io
import json
import pickle
import platform
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from smallnets.files import keep_elsewhere, replacing, sha256, write_text


def plain_init(net: torch.nn.Module) -> dict[str, Any] | None:
    """The net's `init` attribute if it is a dict of plain arguments, else None: a class we don't know."""
    init = getattr(net, "init", None)
    plain = isinstance(init, dict) and all(
        isinstance(key, str) and isinstance(value, (int, float, str, bool, type(None))) for key, value in init.items()
    )
    return init if plain else None


def save(path: str | Path, net: torch.nn.Module, card: dict[str, Any]) -> None:
    """Write the model file and, beside it, its run card: `card` with the file's sha256 added.

    Raises:
        OSError: it cannot be written; the error says where the model file is instead.
    """
    path = Path(path)
    # tensors only, as nothing else would open safely; cloned, since a view would drag its whole storage along
    state = {name: value.detach().cpu().clone() for name, value in net.state_dict().items() if torch.is_tensor(value)}
    content = io.BytesIO()  # torch.save hides a full disk behind an error of its own
    torch.save({"state_dict": state, "init": plain_init(net)}, content)
    try:
        with replacing(path) as temporary:
            temporary.write_bytes(content.getvalue())
    except OSError as error:
        keep_elsewhere(path, content.getvalue(), error)
    card = card | {"sha256": card.get("sha256", {}) | {path.name: sha256(path)}}
    write_text(path.with_suffix(".json"), json.dumps(card, indent=1) + "\n")


def load(path: str | Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read a model file without unpickling anything but weights.

    Returns:
        (state_dict, init): the weights and the constructor arguments of the net they belong to.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: not a model file, a whole pickled net, or a net saved without its arguments.
    """
    content = read_weights(path)
    if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict) or "init" not in content:
        raise ValueError(f"expected {path} to hold a dict with state_dict and init, got {_describe(content)}")
    if not isinstance(content["init"], dict):
        raise ValueError(
            f"expected {path} to hold its net's constructor arguments, got init: {content['init']}; "
            "the net is of a class of its own, so build it there and load the state_dict into it"
        )
    return content["state_dict"], content["init"]


def read_weights(path: str | Path) -> Any:
    """The content of a file of torch.save that holds tensors and plain containers; no code of its author is run.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another file, or pickled objects.
    """
    content = io.BytesIO(Path(path).read_bytes())  # whatever goes wrong from here on is the content's fault
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about foreign formats, which are refused below
            return torch.load(content, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise ValueError(
            f"expected {path} to hold weights only, got a pickled object: opening it would run its author's code"
        ) from None
    except Exception:  # a foreign file can end in any error of the unpickler's
        raise ValueError(f"expected {path} to be a model file, got another or a damaged one") from None


def environment() -> dict[str, Any]:
    """Versions and the number of threads, on which a figure depends besides the code."""
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    return {"versions": versions, "threads": torch.get_num_threads()}


def _describe(content: object) -> str:
    if isinstance(content, dict):
        return f"a dict with {', '.join(map(str, list(content)[:4])) or 'nothing'}"
    return f"a {type(content).__name__}"
