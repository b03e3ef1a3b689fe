"""The handout of the lab."""

from autograder.lab import Handout

LAYERS = ("ReLU", "Sigmoid", "SE")
NETS = ("FCNet", "SimpleCNN", "MyNet")

TRAIN_EPOCH = """One pass over (x, y) in order, a step of gradient descent per batch; returns the batches' mean loss.

The layers' gradients are per sample: their mean is the batch's. A step changes the arrays that params() names.
"""
PYTORCH_CNN = """Three classifiers of fashion articles, 28x28: python pytorch_cnn.py --model fcnet.

FCNet and SimpleCNN are fixed. MyNet is yours, made for photographs unlike the training images.
"""
SIMPLE_CNN = """A convolution before the Linear: [B, 1, 28, 28] in [0, 1] -> log-probabilities [B, 10].

self.conv: 10 filters 3x3, stride 2, padding 1; a ReLU; self.fc: a Linear from 1960 to 10.
"""
TRAIN = """Train a net, print the course's lines, save its state_dict to `out`.

Args:
    model: a key of MODELS.
    data: as from load_data(), pixels from 0 to 255; left out: the shipped tenth of Fashion-MNIST.
    epochs, lr: left out: the net's own, from DEFAULTS.
    augmented: change the images as augment.py does.
    bf16: compute in bfloat16.
"""

HANDOUT = Handout(
    folder="labs/numpy_to_cnn",
    blanks={
        "numpy_nn.py": (
            *(f"Linear.{name}" for name in ("forward", "backward", "params", "grads")),
            *(f"{layer}.{way}" for layer in LAYERS for way in ("forward", "backward")),
            "train_epoch",
        ),
        "pytorch_cnn.py": (
            *(f"{net}.{method}" for net in NETS for method in ("__init__", "forward")),
            "classify",
            "train",
        ),
        "augment.py": ("augment",),
    },
    drops={
        "numpy_nn.py": ("_like", "_remembered", "moved"),
        "pytorch_cnn.py": ("Block", "Conv", "_conv", "_unit"),
    },
    says={
        "numpy_nn.py": {"Sigmoid": "1 / (1 + exp(-x)) for arrays of any shape.", "train_epoch": TRAIN_EPOCH},
        "pytorch_cnn.py": {
            "": PYTORCH_CNN,
            "FCNet": "self.fc, a Linear from 784 to 10: [B, 1, 28, 28] in [0, 1] -> log-probabilities [B, 10].",
            "SimpleCNN": SIMPLE_CNN,
            "MyNet": "Yours, made without arguments: [B, 1, 28, 28] in [0, 1] -> log-probabilities [B, 10].",
            "classify": "The class, int64 [B], of each image in x, float32 [B, 1, 28, 28] in [0, 1].",
            "train": TRAIN,
        },
        "augment.py": {"augment": "Yours: x with a random mix of the changes above, to train with."},
    },
    files=("data/mnist/prepare.py", "labs/numpy_to_cnn/robustness.py"),
    readme="labs/numpy_to_cnn/grading/handout.md",
)
