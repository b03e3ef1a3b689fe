"""The handout of Beras: our solution without the parts that students write, and without our additions."""

from autograder.lab import Handout

HANDOUT = Handout(
    folder="labs/beras",
    blanks={
        "assignment.py": ("SequentialModel.call", "SequentialModel.batch_step", "get_advanced_model_components"),
        "Beras/core.py": ("GradientTape.gradient",),
        "Beras/layers.py": (
            "Dense.forward",
            "Dense.weight_gradients",
            "Dense.input_gradients",
            "Dense._initialize_weight",
        ),
        "Beras/activations.py": (
            "LeakyReLU.forward",
            "LeakyReLU.input_gradients",
            "Softmax.forward",
            "Softmax.input_gradients",
        ),
        "Beras/losses.py": ("MeanSquaredError.forward", "MeanSquaredError.input_gradients"),
        "Beras/optimizers.py": (
            "BasicOptimizer.apply_gradients",
            "RMSProp.apply_gradients",
            "Adam.apply_gradients",
        ),
        "Beras/metrics.py": ("CategoricalAccuracy.forward",),
        "Beras/onehot.py": ("OneHotEncoder.fit",),
        "Beras/model.py": ("Model.evaluate",),
    },
    drops={
        "Beras/layers.py": ("RegularizedDense", "L2", "Dropout", "BatchNormalization", "penalty"),
        "Beras/activations.py": (
            "ReLU.forward",
            "ReLU.compose_to_input",
            "Sigmoid",
            "Tanh",
            "Softmax.compose_to_input",
        ),
        "Beras/optimizers.py": ("ExponentialDecay", "CosineDecay"),
    },
    says={
        "assignment.py": {
            "SequentialModel.batch_step": "Loss and accuracy of a batch, before the update that training makes.",
            "get_advanced_model_components": "Two or more layers with weights, as many activations.",
        },
        "Beras/layers.py": {
            "": "Layers: Dense.",
            "Dense.weight_gradients": "(d outputs / d w, d outputs / d b), in shapes that compose_to_weight takes.",
            "Dense.input_gradients": "d outputs / d inputs, in a shape that compose_to_input takes.",
        },
        "Beras/activations.py": {
            "": "Activations: element by element (LeakyReLU, ReLU), and Softmax over the last axis.",
            "LeakyReLU.input_gradients": "[...]: the derivative at each place.",
            "Softmax.input_gradients": "[B, n, n]: the Jacobian of each sample.",
        },
        "Beras/losses.py": {
            "MeanSquaredError.input_gradients": "[B, n]: see the class; divided neither by n nor by B."
        },
        "Beras/optimizers.py": {
            "": "Update rules, in order of complexity.\n\nEach apply_gradients(weights, grads) "
            "changes the arrays in `weights` in place and returns nothing.\n"
        },
    },
    files=(
        "labs/beras/Beras/__init__.py",
        "labs/beras/preprocess.py",
        "labs/beras/visualize.py",
        "data/mnist/prepare.py",
    ),
    readme="labs/beras/grading/handout.md",
)
