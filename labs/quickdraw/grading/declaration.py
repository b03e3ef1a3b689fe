"""QuickDraw (Johns Hopkins, CS475/675, homework 3): three nets on quick drawings; 100 points.

We distribute the handout's 55 points for them; all thresholds are ours, except the 80 % of the dense net.
"""

import dataclasses
import functools

from autograder.lab import Check, Column, HandIn, Handout, Lab
from autograder.runner.check_step import check_step, module_checks
from autograder.sandbox.job import MB, Limits
from labs.quickdraw.grading import data, jobs
from labs.quickdraw.grading.programs import PROGRAMS, Program

MODULES = ("utils", "smallnets", "matplotlib", "tqdm")  # more modules for the programs
ROWS = {
    "1": [("accuracies.py: accuracy", 4.0, ["check_accuracy"])],
    "2": [
        ("densenet: 79,000 weights and 106 biases", 4.0, ["check_densenet_parameters"]),
        ("densenet: Linear-ReLU-Linear", 4.0, ["check_densenet_layers"]),
        ("densenet: any number of images", 3.0, ["check_densenet_shapes"]),
    ],
    "3": [
        ("convnet: 1,350 parameters", 4.0, ["check_convnet_parameters"]),
        ("convnet: two convolutions, a mean, a third", 4.0, ["check_convnet_layers"]),
        ("convnet: any number of images", 3.0, ["check_convnet_shapes"]),
    ],
}


def hand_in(program: Program) -> tuple[HandIn, ...]:
    """The files of one program; logs are optional and give no points."""
    return (
        HandIn(program.main, classes={program.net_class: ("forward",)}, modules=MODULES),
        # one of more than the handout's 1 MB loses that check, of the best net, where its size is judged
        HandIn(program.model, most_bytes=4 * MB if program is BEST else MB, dated=True, opened_by=program.main),
        HandIn(
            program.predictions, 200_000, look=functools.partial(data.look_at_predictions, name=program.predictions)
        ),
        HandIn(f"{program.name}.log", 200_000, required=False, dated=True),
    )


def net_checks() -> list[Check]:
    """The checks on the modules; those on parameters also look at the net that predicts."""
    checks = {check.tags[0]: check for number, rows in ROWS.items() for check in module_checks("nets", number, rows)}
    for program in (DENSE, CONV):
        tag = f"{program.name}_parameters"
        checks[tag] = dataclasses.replace(checks[tag], judge=jobs.has_parameters(program, f"check_{tag}"))
    return list(checks.values())


def predict_checks(program: Program, number: str, first: int, accuracy: float) -> list[Check]:
    """The checks on a program's predictions, numbered from NUMBER.first on."""
    name, step = program.name, (f"predict {program.name}",)
    rows = (
        ("runs", "predicts by run.sh's command line", 5.0, jobs.runs(program)),
        ("accuracy", "accuracy", accuracy, jobs.accurate(program)),
        ("same", f"{program.predictions} is reproduced", 4.0, jobs.same_again(program)),
    )
    return [
        Check(f"{number}.{i}", f"{name}: {title}", points, step, judge, tags=(tag,), by_grader=tag == "accuracy")
        for i, (tag, title, points, judge) in enumerate(rows, first)
    ]


DENSE, CONV, BEST = PROGRAMS.values()
MODULE_CHECKS = [name for rows in ROWS.values() for _, _, names in rows for name in names]
ALL_RUN = tuple(f"predict {name}" for name in PROGRAMS)

LAB = Lab(
    name="quickdraw",
    title="QuickDraw: three nets on drawings",
    hand_in=(
        HandIn("accuracies.py", functions={"accuracy": ("y", "y_hat")}, modules=MODULES),
        *(file for program in PROGRAMS.values() for file in hand_in(program)),
        HandIn("README.md"),
        HandIn("images.py", required=False, modules=MODULES),
    ),
    load=data.load,
    steps=(
        check_step(
            "nets",
            "labs.quickdraw.grading.checks.nets",
            MODULE_CHECKS,
            ("accuracies.py",),
            handout_files=jobs.HANDOUT_FILES,
        ),
        *map(jobs.predict_step, PROGRAMS.values()),
    ),
    checks=(
        *net_checks(),
        *predict_checks(DENSE, "2", first=4, accuracy=10.0),
        *predict_checks(CONV, "3", first=4, accuracy=10.0),
        *predict_checks(BEST, "4", first=1, accuracy=16.0),
        Check(
            "4.4",
            "bestmodel.pt is no bigger than 1 MB",
            4.0,
            ("predict bestmodel",),
            jobs.small,
            tags=("small",),
            by_grader=True,
        ),
        Check(
            "4.5",
            "bestmodel is another net with fewer mistakes",
            5.0,
            ALL_RUN,
            jobs.improves,
            tags=("improves",),
            by_grader=True,
        ),
        Check(
            "4.6",
            "README.md says what was tried",
            2.0,
            ("predict bestmodel",),
            jobs.tells,
            tags=("readme",),
            by_grader=True,
        ),
    ),
    columns=tuple(
        Column(
            f"{program.name} accuracy", (f"predict {program.name}",), functools.partial(jobs.accuracy, program=program)
        )
        for program in PROGRAMS.values()
    ),
    limits=Limits(cpu_seconds=120, wall_seconds=240, memory=650 * MB),
    handout=Handout(
        folder="labs/quickdraw",
        blanks={
            "main_densenet.py": ("TwoLayerDenseNet.__init__", "TwoLayerDenseNet.forward"),
            "main_convnet.py": ("TooSimpleConvNN.__init__", "TooSimpleConvNN.forward"),
            "main_bestmodel.py": ("BestModel.__init__", "BestModel.forward", "program"),
            "utils/accuracies.py": ("accuracy",),
            "utils/images.py": ("standardised",),
        },
        drops={"main_bestmodel.py": ("moved", "one_cycle", "_block")},
        says={
            "main_bestmodel.py": {
                "BestModel": "Your best net under 1 MB: images -> logits [B, n_classes].\n\n"
                "Keeps its constructor's arguments in self.init, so that it can be built again from its file.",
                "program": "What the session trains: a session.Program, with an optimiser of yours if you like.",
            },
        },
        files=(
            "labs/quickdraw/utils/io_argparse.py",
            "labs/quickdraw/utils/session.py",
            "labs/quickdraw/run.sh",
            "labs/quickdraw/curves.py",
            "labs/quickdraw/failures.py",
            "labs/quickdraw/search.py",
            "data/quickdraw/prepare.py",
        ),
        readme="labs/quickdraw/grading/handout.md",
    ),
    needs=jobs.HANDOUT_FILES,
    places=("", "utils", "model_files", "log_files"),
)
