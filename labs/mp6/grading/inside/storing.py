"""Inside the sandbox: a student's net as bytes, with no more beside its parameters than fits the limit."""

import io
import pickle
import types
from collections.abc import Container
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy

WHOLE, STATE = b"whole", b"state"
DOUBLE = (torch.float64, np.dtype(np.float64))


def stored(net: torch.nn.Module, most: int, trained: list[torch.Tensor]) -> tuple[bytes, str]:
    """The net as torch.save writes it, and what had to be left out of it; "" if nothing was.

    Optimisers are always left out, as they hold two or three numbers for every parameter. If the rest takes more than
    `most` bytes, zeros take the place of the largest tensors and arrays that are neither trained nor buffers, such as
    those of an optimiser written by hand, and doubles are stored as singles. What cannot be pickled, for example
    because of a lambda, or does not fit though the trained tensors would, becomes the net's state_dict.
    """
    trained = [value for value in trained if measured(value)]
    kept = {place(value) for value in (*trained, *torch.nn.Module.buffers(net)) if measured(value)}
    found: dict[int, Any] = {}
    dropped: dict[int, Any] = {}
    whole = saved(net, found, ())
    if whole is not None and len(whole) > most:
        dropped = largest([value for value in found.values() if place(value) not in kept], len(whole) - most)
        whole = saved(net, found, dropped, halved=True)
    text = left_out(list(dropped.values()), most)
    if whole is not None and (len(whole) <= most or sum(single(value).nbytes for value in trained) > most):
        return WHOLE + whole, text
    content = io.BytesIO()
    torch.save({name: single(value) for name, value in net.state_dict().items()}, content)
    too_large = f"of the net, only its state_dict is judged, as it may have {most:,} bytes, and all of it has more"
    return STATE + content.getvalue(), "" if whole is None else too_large


def saved(net: torch.nn.Module, found: dict[int, Any], dropped: Container[int], halved: bool = False) -> bytes | None:
    """The bytes of torch.save without optimisers and what is dropped; None if the net cannot be pickled.

    Args:
        found: gets all tensors and arrays of the net, by their id.
        dropped: ids of those in whose place zeros are stored.
        halved: whether doubles are stored as singles.
    """

    class Pickler(pickle.Pickler):
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, torch.optim.Optimizer):
                return type(None), ()
            if not measured(value):
                return NotImplemented
            found[id(value)] = value
            if id(value) in dropped:
                return zeros, (tuple(value.shape), value.dtype)
            if halved and value.dtype in DOUBLE:
                return doubled, (single(value), isinstance(value, torch.nn.Parameter))
            return NotImplemented

    content, module = io.BytesIO(), types.SimpleNamespace(Pickler=Pickler, __name__="pickle")
    try:
        torch.save(net, content, pickle_module=module, pickle_protocol=4)  # 2 writes an array's bytes as text
    except Exception:  # pickle refuses lambdas, open files, local classes, with various exceptions
        return None
    return content.getvalue()


def measured(value: Any) -> bool:
    """Whether a value is a tensor or an array that takes memory, as those of a lazy layer do not yet."""
    return isinstance(value, np.ndarray) or isinstance(value, torch.Tensor) and not is_lazy(value)


def place(value: Any) -> tuple[str, int]:
    """What tells the memory of a tensor, which its views share, or an array."""
    if isinstance(value, torch.Tensor):
        return "tensor", value.untyped_storage().data_ptr()
    return "array", id(value)


def small(data: bytes, most: int) -> bytes:
    """The bytes; ValueError if there are more than `most`."""
    if len(data) > most:
        raise ValueError(f"expected at most {most / 2**20:g} MB when stored, got {len(data) / 2**20:.1f} MB")
    return data


def largest(values: list[Any], n_bytes: int) -> dict[int, Any]:
    """The largest tensors and arrays, by their id: as many as take n_bytes, or all."""
    taken: dict[int, Any] = {}
    for value in sorted(values, key=lambda value: value.nbytes, reverse=True):
        if n_bytes <= 0:
            break
        taken[id(value)] = value
        n_bytes -= value.nbytes
    return taken


def zeros(shape: tuple[int, ...], dtype: Any) -> Any:
    """Zeros of a shape, which take the memory of one."""
    if isinstance(dtype, torch.dtype):
        return torch.zeros((), dtype=dtype).expand(shape)
    return np.broadcast_to(np.zeros((), dtype), shape)


def single(value: Any) -> Any:
    """A tensor or an array; in single precision if it is in double precision."""
    if isinstance(value, torch.Tensor):
        return value.detach().float() if value.dtype == torch.float64 else value
    return value.astype(np.float32) if value.dtype == np.float64 else value


def doubled(value: Any, parameter: bool) -> Any:
    """A tensor, a parameter or an array in double precision again."""
    if isinstance(value, np.ndarray):
        return value.astype(np.float64)
    return torch.nn.Parameter(value.double()) if parameter else value.double()


def left_out(values: list[Any], most: int) -> str:
    """What to say of tensors and arrays that were left out; "" if there are none."""
    if not values:
        return ""
    shapes = ", ".join(str(list(value.shape)) for value in values[:3])
    return (
        f"the net is judged without its plain tensors of shape {shapes}, as it may have {most:,} bytes: forward has "
        "to do without them"
    )
