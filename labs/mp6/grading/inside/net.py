"""Inside the sandbox: a student's net as bytes and back, and everything in it that may be a parameter."""

import io
from typing import Any

import numpy as np
import torch

from autograder.runner import student_module, torch_file
from labs.mp6.grading.parts import Part
from smallnets import train
from smallnets.student import student_code

WHOLE, STATE = b"whole", b"state"


def small(data: bytes, most: int) -> bytes:
    """The bytes; ValueError if there are more than `most`."""
    if len(data) > most:
        raise ValueError(f"expected at most {most / 2**20:g} MB when stored, got {len(data) / 2**20:.1f} MB")
    return data


def stored(net: torch.nn.Module) -> bytes:
    """The net as torch.save writes it, or only its weights if it cannot be pickled, for example because of a lambda.

    An optimiser in it is left out, as it holds two or three numbers for every parameter.
    """
    content = io.BytesIO()
    for name in [name for name, value in vars(net).items() if isinstance(value, torch.optim.Optimizer)]:
        setattr(net, name, None)
    try:
        torch.save(net, content)
        return WHOLE + content.getvalue()
    except Exception:  # pickle refuses lambdas, open files, local classes, with various exceptions
        content = io.BytesIO()
        torch.save(dict(net.state_dict()), content)
        return STATE + content.getvalue()


def restored(part: Part, data: bytes) -> torch.nn.Module:
    """The net that `stored` wrote.

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
    return [value.detach().cpu().clone() for value in found.values()]


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


def as_npz(tensors: list[torch.Tensor]) -> bytes:
    """The tensors in the format of numpy.savez, as float32, which is enough for the referee."""
    content = io.BytesIO()
    np.savez(content, *[tensor.float().numpy() for tensor in tensors], allow_pickle=False)
    return content.getvalue()
