"""Inside the sandbox: slips that have a name. They cost nothing by themselves; a check that is lost mentions them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch


@contextmanager
def counted_zero_grad() -> Iterator[list[str]]:
    """A list that gets an entry for each call of zero_grad of an optimiser or a net while the block runs."""
    calls: list[str] = []
    kinds = (torch.optim.Optimizer, torch.nn.Module)
    before = [kind.zero_grad for kind in kinds]

    def counted(zero_grad: Any) -> Any:
        def zero(*args: Any, **kwargs: Any) -> Any:
            calls.append("zero_grad")
            return zero_grad(*args, **kwargs)

        return zero

    for kind, zero_grad in zip(kinds, before, strict=True):
        kind.zero_grad = counted(zero_grad)  # type: ignore[attr-defined]
    try:
        yield calls
    finally:
        for kind, zero_grad in zip(kinds, before, strict=True):
            kind.zero_grad = zero_grad  # type: ignore[attr-defined]


def left_gradients(net: torch.nn.Module, calls: list[str]) -> str:
    """What to say of a trained net that holds gradients which no zero_grad has cleared; "" of any other."""
    if calls or not any(p.grad is not None and p.grad.any() for p in torch.nn.Module.parameters(net)):
        return ""
    return "step never calls zero_grad(), so the gradients of all batches add up"


def plain_tensors(net: torch.nn.Module) -> str:
    """What to say of tensors that are plain attributes of a net's modules; "" if there are none."""
    names = [
        f"{path}.{name}".lstrip(".")
        for path, module in torch.nn.Module.named_modules(net)
        for name, value in vars(module).items()
        if isinstance(value, (torch.Tensor, np.ndarray)) and not name.startswith("_")
    ]
    if not names:
        return ""
    return (
        f"state_dict() does not save plain attributes such as {', '.join(names[:3])}: if forward needs them, "
        "register_buffer keeps them"
    )


def changed_inputs(inputs: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> str:
    """What to say of images, before and after, by name, of which some were changed in place; "" if none were."""
    names = [name for name, (before, after) in inputs.items() if not torch.equal(before, after)]
    if not names:
        return ""
    causes = "x -= mean, x.div_(255) or torch.nn.ReLU(inplace=True) on x"
    return f"{' and '.join(names)} changed in place, as by {causes}: work on a copy, such as x = x - mean"
