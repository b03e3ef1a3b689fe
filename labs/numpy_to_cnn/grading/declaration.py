"""CTU Prague's lab: layers in NumPy, then a CNN whose place on hidden images decides; 100 points.

The points of the checks are ours: the course gives 8 for everything, 6 if late, 0 below the baseline, and more by rank.
Our copy of the handout lacks the table of points by rank; those below are ours.
"""

from autograder.lab import Check, Column, HandIn, Lab, Ranking
from autograder.runner import check_step
from autograder.sandbox.job import MB, Limits
from labs.numpy_to_cnn.grading import data, jobs
from labs.numpy_to_cnn.grading.handout import HANDOUT
from labs.numpy_to_cnn.grading.layout import N_CLASSES
from labs.numpy_to_cnn.grading.pictures import is_picture
from smallnets.data import fashion

BASELINE = 0.75  # from the course's editions of 2023 and 2024; the handout does not give its value
FULL = 0.85  # ours: MyNet has 0.857 without augmentation and 0.926 with it, the linear net 0.76
TRAINING, CLASSIFICATION = "numpy_nn_training.png", "numpy_nn_classification.png"

# one row for one cause: the gradient of W is judged even where that of the input is wrong, and so on
LAYERS = [
    ("Linear as given: its start, and the hooks", 2.0, ("check_linear_start", "check_hooks")),
    ("Linear.forward", 4.0, ("check_linear_forward",)),
    ("Linear.backward: gradient of the input", 5.0, ("check_linear_input_gradient",)),
    ("Linear.backward: gradient of W", 5.0, ("check_linear_weight_gradient",)),
    ("Linear.backward: gradient of b", 3.0, ("check_linear_bias_gradient",)),
    ("Linear: params() are the layer's own arrays", 4.0, ("check_linear_parameters_are_live",)),
    ("Linear: the last input is kept", 4.0, ("check_linear_remembers_the_last_input",)),
    ("ReLU.forward", 3.0, ("check_relu_forward",)),
    ("ReLU.backward", 4.0, ("check_relu_backward",)),
    ("Sigmoid.forward", 4.0, ("check_sigmoid_forward",)),
    ("Sigmoid.backward", 4.0, ("check_sigmoid_backward",)),
    ("SE.forward", 3.0, ("check_se_forward",)),
    ("SE.backward", 3.0, ("check_se_backward",)),
]
NETS = [
    ("FCNet and SimpleCNN", 5.0, ("check_parameters", "check_formulas")),
    ("MyNet", 5.0, ("check_model_class", "check_mynet")),
    ("classify", 8.0, ("check_classify",)),
]


def names(rows: list[tuple[str, float, tuple[str, ...]]]) -> list[str]:
    """The functions of the checks in some rows."""
    return [name for _, _, functions in rows for name in functions]


LAB = Lab(
    name="numpy_to_cnn",
    title="From NumPy to a CNN",
    hand_in=(
        HandIn(
            "numpy_nn.py",
            classes={
                "Linear": ("forward", "backward", "params", "grads"),
                "ReLU": ("forward", "backward"),
                "Sigmoid": ("forward", "backward"),
                "SE": ("forward", "backward"),
            },
            modules=("matplotlib", "smallnets"),
        ),
        HandIn(TRAINING, most_bytes=10 * MB),
        HandIn(CLASSIFICATION, most_bytes=10 * MB),
        HandIn(
            "pytorch_cnn.py",
            functions={"classify": ("model", "x")},
            classes=dict.fromkeys(("FCNet", "SimpleCNN", "MyNet"), ("__init__", "forward")),
            modules=("matplotlib", "smallnets", "torchvision"),
        ),
        HandIn("augment.py", required=False),
        HandIn("model.pt", most_bytes=jobs.MOST_BYTES, opened_by="pytorch_cnn.py"),
    ),
    load=data.load,
    sources=(fashion.DEBIAN,),
    steps=(
        check_step.check_step(
            "layers",
            "labs.numpy_to_cnn.grading.checks.numpy_nn",
            names(LAYERS),
            ("numpy_nn.py",),
            limits=Limits(cpu_seconds=60, memory=384 * MB),
        ),
        check_step.check_step(
            "nets",
            "labs.numpy_to_cnn.grading.checks.pytorch_cnn",
            names(NETS),
            ("pytorch_cnn.py",),
        ),
        jobs.step(),
    ),
    checks=(
        *check_step.module_checks("layers", "1", LAYERS),
        Check("2.1", f"{TRAINING} is a picture", 3.0, (), is_picture(TRAINING), tags=("training",)),
        Check("2.2", f"{CLASSIFICATION} is a picture", 3.0, (), is_picture(CLASSIFICATION), tags=("classification",)),
        *check_step.module_checks("nets", "3", NETS),
        Check(
            "4.1",
            "model.pt opens, and classify works with it",
            6.0,
            (jobs.NAME,),
            jobs.opens,
            tags=("opens",),
            by_grader=True,
        ),
        Check(
            "4.2",
            "better than the baseline on hidden images",
            10.0,
            (jobs.NAME,),
            jobs.reaches(BASELINE),
            tags=("baseline",),
            by_grader=True,
        ),
        Check(
            "4.3",
            "accuracy on hidden images",
            12.0,
            (jobs.NAME,),
            jobs.share(BASELINE, FULL),
            tags=("accuracy",),
            by_grader=True,
        ),
    ),
    columns=(
        Column("accuracy", (jobs.NAME,), lambda run: jobs.accuracy(run, "public"), images=N_CLASSES * data.A_CLASS),
        Column(
            "accuracy, final",
            (jobs.NAME,),
            lambda run: jobs.accuracy(run, "final"),
            images=N_CLASSES * data.A_CLASS,
        ),
    ),
    limits=Limits(cpu_seconds=120, wall_seconds=240, memory=640 * MB),
    handout=HANDOUT,
    needs=(
        "data/fashion_mnist/ten_classes.npz",
        "labs/numpy_to_cnn/augment.py",
        "labs/numpy_to_cnn/corruptions.py",
    ),
    places=("", "stand_in"),  # the folder for pictures of the stand-in
    ranking=Ranking(
        "accuracy",
        points=(12.0, 11.5, 11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0),
        late=6.0,
        baseline=BASELINE,
        final="accuracy, final",
        step=0.01,
        tells=("4.1", "4.2", "4.3"),
        chance=1 / N_CLASSES,
    ),
)
