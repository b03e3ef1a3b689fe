"""Inside the sandbox: a student's net rebuilt from bytes, and everything in it that may be a parameter."""

import io
import json
from typing import Any

import torch
from torch.nn.parameter import is_lazy

from autograder.runner import student_module, torch_file
from labs.mp6.grading.inside.storing import WHOLE
from labs.mp6.grading.parts import Part
from smallnets import train
from smallnets.student import student_code


def restored(part: Part, data: bytes) -> torch.nn.Module:
    """The net that `storing.stored` wrote.

    Raises:
        StudentError: the student's class cannot be rebuilt.
        ValueError: it is no net.
    """
    module = student_module.module(part.module)  # before unpickling, which needs its class
    kind, content = data[: len(WHOLE)], io.BytesIO(data[len(WHOLE) :])
    with student_code(student_module.path_of(part.module)):
        if kind == WHOLE:
            net = torch.load(content, map_location="cpu", weights_only=False)
        else:
            net = train.untrained(module.fit, part.n_classes, part.divisor)
            net.load_state_dict(torch.load(content, map_location="cpu", weights_only=True))
    if not isinstance(net, torch.nn.Module):
        raise ValueError(f"expected a stored net of {part.module}, got a {type(net).__name__}")
    return net.eval()


def handed_in(part: Part, fitted: bytes) -> tuple[torch.nn.Module, str]:
    """The net in the student's model file, a whole net or weights for the net that fit returned; and a note on it.

    The note is "" for plain weights, which load without running any code.

    Raises:
        StudentError, ValueError: the file cannot be loaded, or holds weights of another net.
    """
    module = student_module.module(part.module)  # which a whole net needs
    net, note = torch_file.net_in(part.model, module, lambda: restored(part, fitted))
    return net.eval(), note


def parameters(net: torch.nn.Module) -> list[torch.Tensor]:
    """The trained tensors of a net: its parameters, and other tensors that require a gradient.

    They are found by PyTorch's own function, through get_parameters and in the net's attributes, as a net may override
    `parameters` and report less.
    """
    found: dict[int, torch.Tensor] = {id(p): p for p in torch.nn.Module.parameters(net)}
    waiting: list[Any] = [*named(net), *(vars(module) for module in torch.nn.Module.modules(net))]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, torch.Tensor) and value.is_leaf and value.requires_grad:
            found.setdefault(id(value), value)
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value
    return list(found.values())


def named(net: Any) -> list[torch.Tensor]:
    """The tensors from get_parameters; empty if it is missing or fails."""
    try:
        return [value for value in net.get_parameters() if isinstance(value, torch.Tensor)]
    except Exception:
        return []


def same_count(net: Any, found: list[torch.Tensor]) -> None:
    """ValueError if get_parameters exists and gives another number of parameters than were found."""
    counted, said = (sum(value.numel() for value in values) for values in (found, named(net)))
    if hasattr(net, "get_parameters") and counted != said:
        raise ValueError(f"expected get_parameters() to name the {counted:,} parameters of the net, got {said:,}")


def shapes(found: list[torch.Tensor]) -> bytes:
    """The shapes of parameters as JSON; ValueError if a lazy layer has none yet."""
    lazy = sum(is_lazy(value) for value in found)
    if lazy:
        raise ValueError(
            f"expected all layers of the net to have seen an image when fit returns, got {lazy} parameters without a "
            "shape: is there a lazy layer, such as LazyLinear, that forward does not use?"
        )
    return json.dumps([list(value.shape) for value in found]).encode()
