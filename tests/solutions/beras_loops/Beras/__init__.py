from .core import *  # noqa: F403
from .model import *  # noqa: F403
