"""Saved nets that open without running anyone's code, each with a run card beside it.

A model file is `torch.save` of {"state_dict": ..., "init": {plain constructor arguments} or None};
its run card is JSON of the same name: arguments, seed, versions, threads, metrics, sha256.
"""

import io
import json
import os
import pickle
import platform
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from smallnets import filekinds
from smallnets.files import keep_elsewhere, replacing, sha256, write_text

TRUST = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"  # torch's own switch


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


def read_card(path: str | Path) -> dict[str, Any]:
    """The run card beside a model file; empty if there is none, or one of another file."""
    path = Path(path)
    try:
        card = json.loads(path.with_suffix(".json").read_bytes())
        return card if sha256(path) in card["sha256"].values() else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):  # or JSON of somebody else's
        return {}


class PickledError(ValueError):
    """A file of torch.save holds more than weights, so opening it would run its author's code."""


def read_weights(path: str | Path) -> Any:
    """The content of a file of torch.save that holds tensors and plain containers; no code of its author is run.

    Raises:
        FileNotFoundError: there is no such file.
        PickledError: pickled objects, for example a whole net.
        ValueError: another file or a damaged one.
    """
    path = Path(path)
    content = io.BytesIO(path.read_bytes())  # whatever goes wrong from here on is the content's fault
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about foreign formats, which are refused below
            return torch.load(content, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        if filekinds.is_torch(path):
            raise PickledError(
                f"expected {path} to hold weights only, got a pickled object: opening it would run its author's code; "
                "save net.state_dict() instead"
            ) from None
    except Exception:  # a foreign file can end in any error of the unpickler's
        pass
    raise _other(path)


def unpickled(path: str | Path) -> Any:
    """The content of any file of torch.save; runs its author's code, so only in the sandbox or for a trusted file.

    Raises:
        ValueError: another file or a damaged one.
        Exception: any error of the author's code.
    """
    path = Path(path)
    if not filekinds.is_torch(path):
        raise _other(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about classes whose source has changed since
            return torch.load(path, map_location="cpu", weights_only=False)
    except (EOFError, pickle.UnpicklingError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "unexpected EOF" not in str(error):
            raise
        raise _other(path) from None


def _other(path: Path) -> ValueError:
    return ValueError(f"expected {path} to be a file of torch.save, got {filekinds.described(path)}")


def trusted() -> bool:
    """Whether the user lets torch open pickled nets, by its own switch, as the grader's sandbox does."""
    return os.environ.get(TRUST, "").lower() in ("1", "y", "yes", "true")


def environment() -> dict[str, Any]:
    """Versions and the number of threads, on which a figure depends besides the code."""
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    return {"versions": versions, "threads": torch.get_num_threads()}
