"""A net from the content of a model file, in any form that people save: weights, checkpoints, whole nets."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

# keys of the weights or the net in files that hold more
NESTED = ("state_dict", "model_state_dict", "net_state_dict", "model", "net", "weights")
WRAPPERS = {"module", "_orig_mod"}  # that DataParallel and torch.compile put into names
COUNTER = "num_batches_tracked"  # of BatchNorm, which files before torch 0.4.1 do not have
Build = Callable[[], nn.Module]


def innermost(content: Any) -> Any:
    """The net or the weights in a checkpoint; a net without DataParallel or torch.compile around it."""
    while isinstance(content, Mapping):
        inner = (content[key] for key in NESTED if isinstance(content.get(key), Mapping | nn.Module))
        found = next(inner, None)
        if found is None:
            return content
        content = found
    while isinstance(content, nn.Module) and type(content).__module__.startswith("torch."):
        inside = content._modules
        if len(inside) != 1 or not WRAPPERS & set(inside):
            break
        (content,) = inside.values()
    return content


def restored(content: Any, build: Build, path: str | Path) -> nn.Module:
    """The net in the content of a file, or the net of `build` with the weights in it.

    Raises:
        ValueError: it holds neither, or weights of another net.
    """
    content = innermost(content)
    if isinstance(content, nn.Module):
        half = any(value.dtype in (torch.float16, torch.bfloat16) for value in content.parameters())
        return content.float() if half else content
    net = build()
    state = state_for(net, content, path)
    try:
        net.load_state_dict(state)
    except RuntimeError as error:  # such as a value that is no tensor
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"expected {path} to hold weights of {type(net).__name__}, got others ({reason})") from None
    return net


def state_for(net: nn.Module, content: Any, path: str | Path) -> dict[str, Any]:
    """The state_dict of a net from weights by name, or from a list of tensors in the order of its parameters.

    Raises:
        ValueError: there are no weights in `content`, or those of another net.
    """
    own, weights = net.state_dict(), innermost(content)
    if isinstance(weights, list | tuple) and all(isinstance(row, tuple) and len(row) == 2 for row in weights):
        weights = dict(weights)  # of named_parameters()
    if isinstance(weights, list | tuple) and all(isinstance(value, torch.Tensor | np.ndarray) for value in weights):
        return own | _by_order(net, [torch.as_tensor(value) for value in weights], path)
    if not isinstance(weights, Mapping) or not all(isinstance(name, str) for name in weights):
        raise ValueError(f"expected {path} to hold weights or a net, got {_described(weights)}")
    names = {_plain(name): name for name in own}
    state = {names.get(_plain(name), name) if len(names) == len(own) else name: weights[name] for name in weights}
    state = {name: value for name, value in own.items() if name.endswith(COUNTER)} | state
    if differences := _differences(own, state):
        raise ValueError(
            f"expected {path} to hold weights of {type(net).__name__}, got those of another net: {differences}; "
            "either the code has changed since, so train and save again, or the file belongs to other code"
        )
    return state


def _plain(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _by_order(net: nn.Module, tensors: list[torch.Tensor], path: str | Path) -> dict[str, torch.Tensor]:
    """The names of tensors from get_parameters(), parameters() or state_dict().values()."""
    names = {value.data_ptr(): name for name, value in net.state_dict().items()}
    get_parameters: Any = getattr(net, "get_parameters", net.parameters)
    for order in (get_parameters, net.parameters, net.state_dict().values):
        targets = list(order())
        named = [names.get(target.data_ptr()) for target in targets if isinstance(target, torch.Tensor)]
        if None not in named and [target.shape for target in targets] == [value.shape for value in tensors]:
            return dict(zip(map(str, named), tensors, strict=True))
    shapes, expected = ([list(value.shape) for value in values][:6] for values in (tensors, net.parameters()))
    raise ValueError(f"expected {path} to hold tensors of {type(net).__name__}, {expected}, got {shapes}")


def _differences(own: Mapping[str, Any], state: Mapping[str, Any]) -> str:
    """The first names that only one of two state_dicts has, and the first values of another shape; "" if none."""
    missing, unexpected = ([name for name in a if name not in b] for a, b in ((own, state), (state, own)))
    shared = [name for name in own if name in state and not nn.parameter.is_lazy(own[name])]
    shapes = [(name, list(np.shape(state[name])), list(np.shape(own[name]))) for name in shared]
    wrong = [f"{name} is {found} instead of {expected}" for name, found, expected in shapes if found != expected]
    texts = [("it lacks ", missing), ("it has ", [str(name)[:80] for name in unexpected]), ("", wrong)]
    return "; ".join(f"{words}{', '.join(each[:2])}{_more(each)}" for words, each in texts if each)


def _more(each: list[str]) -> str:
    return f" and {len(each) - 2} more" if len(each) > 2 else ""


def _described(content: object) -> str:
    if isinstance(content, Mapping):
        return f"a dict with {', '.join(str(key)[:40] for key in list(content)[:4]) or 'nothing'}"
    return f"a {type(content).__name__}"
