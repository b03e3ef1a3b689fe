#!/usr/bin/env bash
# Install what grading needs, once, when the platform builds the image; the platform's own python3 stays as it is.
# SMALLNETS_PYTHON names an interpreter, 3.11 or newer, that has the packages already: then nothing is installed.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${SMALLNETS_PYTHON:-}

if [ -z "$python" ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update
    apt-get install -y --no-install-recommends python3.11 python3.11-venv
    # of Ubuntu 22.04 it is too old to be used, and the sandbox does without
    apt-get install -y --no-install-recommends bubblewrap || true
    python3.11 -m venv "$source/../venv"
    python=$(cd "$source/../venv" && pwd)/bin/python
    grep '^torch==' "$source/requirements.txt" >"$source/torch.txt"
    "$python" -m pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu -r "$source/torch.txt"
    "$python" -m pip install --no-cache-dir -r "$source/requirements.txt"
    "$python" -c 'import numpy, torch'
fi

"$python" -c 'import sys; assert sys.version_info >= (3, 11), sys.version
from importlib.metadata import version
print("graded with Python", sys.version, "numpy", version("numpy"), "torch", version("torch"))'
printf '%s\n' "$python" >"$source/interpreter"
chmod -R go-rwx "$source"  # students' code runs as another user, and nothing here is for it to read
