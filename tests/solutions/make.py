"""Train three students' submissions to MP6 and write each as it would be handed in.

python -m tests.solutions.make OUT    OUT/terse, OUT/pickled, OUT/by_hand: neuralnet_pK.py and net_pK.model
"""

import io
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    from smallnets import starting

    starting.start()  # no file beside this one hides Python's; Ctrl-C and a missing package are told in one line

import torch

from mp6 import PARTS
from smallnets import cli, files, splits, train
from smallnets.student import imported

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "data/fashion_mnist"
STYLES = ("terse", "pickled", "by_hand")


def inputs(part: int) -> tuple[torch.Tensor, ...]:
    """What fit is called with before n_iter."""
    split = splits.load("shipped", DATA, part)
    return PARTS[part].task.inputs(split.x, split.y, split.dev.x)


def make(style: str, part: int, folder: Path) -> tuple[Any, Any, Any]:
    """Write a student's neuralnet_pK.py and, from seed 0, net_pK.model into a folder; returns what fit returned."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"neuralnet_p{part}.py"
    files.write_text(path, (HERE / style / path.name).read_text(encoding="utf-8"))
    with imported(path) as module:
        train.seed_everything(0)
        losses, predictions, net = module.fit(*inputs(part), PARTS[part].n_iter)
        content = io.BytesIO()  # torch.save hides a full disk behind an error of its own
        torch.save(net.state_dict() if style == "terse" else net, content)
        with files.replacing(folder / f"net_p{part}.model") as temporary:
            temporary.write_bytes(content.getvalue())
    return losses, predictions, net


@cli.exit_codes
def main(argv: list[str] | None = None) -> int:
    """Make every part of every submission."""
    parser = cli.parser(__doc__)
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder, which gets one for each student")
    out = parser.parse_args(argv).out
    files.expect_folder(out)
    for style in STYLES:
        for part in PARTS:
            make(style, part, out / style)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
