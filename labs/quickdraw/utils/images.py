"""What the three nets share: images of any of the usual shapes, standardised one by one."""

import torch


def standardised(x: torch.Tensor, height: int = 28, width: int = 28) -> torch.Tensor:
    """Images of [B, H * W], [B, H, W] or [B, 1, H, W] as [B, 1, H, W], each with mean 0 and variance 1.

    A blank image, which has no variance, becomes 0. Pixels may be of any dtype and range.

    Raises:
        ValueError: another shape.
    """
    shapes = ((height * width,), (height, width), (1, height, width))
    if tuple(x.shape[1:]) not in shapes:
        expected = " or ".join(str(["B", *shape]).replace("'", "") for shape in shapes)
        raise ValueError(f"expected images of shape {expected}, got {list(x.shape)}")
    x = x.reshape(len(x), 1, height, width).float()
    x = x - x.mean(dim=(2, 3), keepdim=True)
    return x / x.square().mean(dim=(2, 3), keepdim=True).sqrt().clamp_min(1e-5)
