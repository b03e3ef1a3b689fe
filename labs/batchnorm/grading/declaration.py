"""BatchNorm (Tsinghua, deep learning, homework 3): the layer by hand, an MLP and a CNN with it; 100 points and 5.

The handout has no points; all of these are ours.
"""

import dataclasses
import functools

from autograder.lab import Check, Column, HandIn, Handout, Lab, Step
from autograder.runner.check_step import check_step, module_checks
from autograder.sandbox.job import MB, Limits
from labs.batchnorm.grading import data, jobs
from labs.batchnorm.grading.layers import charged_once
from labs.batchnorm.grading.programs import PROGRAMS

# name, points, checks of labs/batchnorm/grading/checks/layer.py without their _1d or _2d
LAYER = (
    ("as given: parameters, buffers, their start", 3.0, ("start",)),
    ("output in training", 12.0, ("training_output", "training_uses_the_batch")),
    ("running mean", 4.0, ("running_mean",)),
    ("running variance, divided by N - 1 or by N", 4.0, ("running_var",)),
    ("output in evaluation", 5.0, ("evaluation",)),
    ("gradients", 3.0, ("gradients",)),
    ("statistics stay buffers without a graph", 1.0, ("buffers_have_no_graph",)),
    ("one value per channel", 1.0, ("one_value",)),
    ("float64, and inputs with any strides", 1.0, ("any_float",)),
)
# checks of labs/batchnorm/grading/checks/nets.py: points for the net, and for using its own BatchNorm
NETS = {
    "run_mlp": (("Linear-BN-ReLU-Linear-BN-ReLU-Linear, logits", 5.0, ["check_mlp_architecture"]), 3.0),
    "run_cnn": (("Conv-BN-ReLU-AvgPool twice, Reshape, Linear, logits", 5.0, ["check_cnn_architecture"]), 3.0),
    "run_resnet": (("convolutions, logits", 1.0, ["check_resnet_logits"]), 1.0),
}
OWN = "own_arithmetic"
MODULES = ("experiment", "utils", "smallnets", "matplotlib")  # more modules for the programs
LIMITS = Limits(cpu_seconds=90, wall_seconds=180, memory=600 * MB)


def layer_rows(dimension: str) -> list[tuple[str, float, list[str]]]:
    """The rows of one of the two layers; torch's own layer or function under its name earns no points."""
    return [
        (f"BatchNorm{dimension}: {name}", points, [f"check_{check}_{dimension}" for check in (*checks, OWN)])
        for name, points, checks in LAYER
    ]


def net_rows(program: str) -> list[tuple[str, float, list[str]]]:
    """The rows on an untrained net."""
    (name, points, checks), own = NETS[program]
    title, short = PROGRAMS[program].title, program.removeprefix("run_")
    return [
        (f"{title}: {name}", points, checks),
        (f"{title}: BatchNorm of layer.py, none of torch's", own, [f"check_{short}_own_batchnorm"]),
    ]


def net_checks(program: str, number: str, learns: float, alone: float) -> list[Check]:
    """All checks of a net; those of the mini-ResNet, a bonus, apply only if it is handed in."""
    title, step = PROGRAMS[program].title, (f"learn {program}",)
    only_with = () if number in "45" else (f"{program}.py",)
    found = module_checks(program, number, net_rows(program))
    found += [
        Check(f"{number}.3", f"{title}: learns in seconds", learns, step, jobs.learns(program), tags=("learns",),
              by_grader=True),
        Check(f"{number}.4", f"{title}: one image alone in evaluation", alone, step, jobs.alone(program),
              tags=("alone",)),
    ]  # fmt: skip
    return [dataclasses.replace(check, only_with=only_with) for check in found]


def net_step(program: str) -> Step:
    """The run of the checks on an untrained net."""
    names = [name for _, _, checks in net_rows(program) for name in checks]
    files = ("layer.py", f"{program}.py")
    return check_step(program, "labs.batchnorm.grading.checks.nets", names, files, jobs.HANDOUT_FILES)


LAYER_ROWS = {"1d": layer_rows("1d"), "2d": layer_rows("2d"), "": [("Reshape", 2.0, ["check_reshape"])]}
LAYER_CHECKS = list(dict.fromkeys(name for rows in LAYER_ROWS.values() for _, _, names in rows for name in names))

LAB = Lab(
    name="batchnorm",
    title="BatchNorm on MNIST",
    hand_in=(
        HandIn("layer.py", classes={name: ("forward",) for name in ("BatchNorm1d", "BatchNorm2d", "Reshape")}),
        HandIn("run_mlp.py", modules=MODULES),
        HandIn("run_cnn.py", modules=MODULES),
        HandIn("run_resnet.py", required=False, modules=MODULES),
        HandIn("utils.py", required=False, modules=MODULES),
    ),
    load=data.load,
    steps=(
        check_step("layer", "labs.batchnorm.grading.checks.layer", LAYER_CHECKS, ("layer.py",)),
        *map(net_step, NETS),
        *map(jobs.learn_step, NETS),
    ),
    checks=(
        *charged_once(*(module_checks("layer", number, LAYER_ROWS[d]) for number, d in (("1", "1d"), ("2", "2d")))),
        *module_checks("layer", "3", LAYER_ROWS[""]),
        *net_checks("run_mlp", "4", learns=5.0, alone=2.0),
        *net_checks("run_cnn", "5", learns=5.0, alone=2.0),
        *net_checks("run_resnet", "6", learns=2.0, alone=1.0),
    ),
    columns=tuple(
        Column(f"{PROGRAMS[name].title} after seconds", (f"learn {name}",), functools.partial(jobs.accuracy, name=name))
        for name in NETS
    ),
    limits=LIMITS,
    handout=Handout(
        folder="labs/batchnorm",
        blanks={
            "layer.py": ("_BatchNorm.forward", "Reshape.forward"),
            "run_mlp.py": ("build",),
            "run_cnn.py": ("build",),
            "run_resnet.py": ("Block.__init__", "Block.forward", "build", "moved"),
        },
        says={
            "run_resnet.py": {
                "": "A bonus: a mini-ResNet on your own BatchNorm2d, python3 run_resnet.py [--no_bn | --compare].",
                "build": "[B, 1, 28, 28] -> logits [B, 10].",
                "moved": "Images [B, 1, 28, 28] as the net sees them in training: changed at random, or as they are.",
            },
        },
        files=("labs/batchnorm/utils.py", "labs/batchnorm/experiment.py", "data/mnist/prepare.py"),
        readme="labs/batchnorm/grading/handout.md",
    ),
    needs=jobs.HANDOUT_FILES,
    root="codes",
)
