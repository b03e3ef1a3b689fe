"""Mistakes in Beras, each with the one check that it loses, as the next one is judged with a working piece."""

from graded import Edits

CORE, LAYERS, ACTIVATIONS, LOSSES, OPTIMIZERS, METRICS, ONE_HOT, MODEL = (
    f"Beras/{name}.py"
    for name in ("core", "layers", "activations", "losses", "optimizers", "metrics", "onehot", "model")
)
ASSIGNMENT = "assignment.py"
LOSS = "loss = self.compiled_loss(predictions, y)\n"

# name: file, texts, what takes their place; the one check that is lost, and words that name the mistake
MUTANTS: dict[str, tuple[str, Edits, str, str]] = {
    "layers in backward order": (
        CORE,
        (("gradients = layers[k].compose_to_weight(J) + gradients", "gradients += layers[k].compose_to_weight(J)"),),
        "1.1",
        "in the shape of its weight",
    ),
    "frozen layers are trained": (
        CORE,
        (("            if layers[k].trainable and layers[k].weights:", "            if layers[k].weights:"),),
        "1.2",
        "expected 2 gradients with the last layer frozen, got 4",
    ),
    "tape stays active": (
        CORE,
        (("        Diffable.gradient_tape = None\n", "        pass\n"),),
        "1.1",
        "no active tape after the block",
    ),
    "tape keeps what it recorded before": (
        CORE,
        (
            ("        self.operations: list[Diffable] = []", "        self.operations = GradientTape.all"),
            ("        return self\n", "        return self\n\n    all: list[Diffable] = []\n"),
        ),
        "1.1",
        "got one that was called twice",
    ),
    "J stays that of the loss": (
        CORE,
        (("            if k > first:", "            if False:"),),
        "1.1",
        "Beras/core.py",
    ),
    "random bias": (
        LAYERS,
        (("np.zeros(output_size, np.float32)", "np.random.rand(output_size)"),),
        "2.1",
        "b to start at zero",
    ),
    "xavier of the inputs alone": (
        LAYERS,
        (("np.sqrt(2 / (input_size + output_size))", "np.sqrt(1 / input_size)"),),
        "2.1",
        "standard deviation",
    ),
    "any initializer": (
        LAYERS,
        (("        assert initializer in stds", "        assert stds"),),
        "2.1",
        "expected an AssertionError",
    ),
    "no bias": (LAYERS, (("        self.outputs += self.b\n", ""),), "2.2", "b is not added"),
    "transposed weights as derivative": (
        LAYERS,
        ((" return self.w\n", " return self.w.T\n"),),
        "2.3",
        "it is transposed",
    ),
    "sign of the derivative": (
        LAYERS,
        (("return self.inputs[:, :, None], ", "return -self.inputs[:, :, None], "),),
        "2.3",
        "its sign is reversed",
    ),
    "derivative of the whole batch": (
        LAYERS,
        (
            (
                "return self.inputs[:, :, None], ",
                "return self.inputs.sum(0)[None, :, None].repeat(len(self.inputs), 0), ",
            ),
        ),
        "2.3",
        "the sum over the samples",
    ),
    "stale cached input": (
        LAYERS,
        (("self.inputs = inputs.astype", "self.inputs = vars(self).get('inputs', inputs).astype"),),
        "2.4",
        "Beras/core.py",
    ),
    "alpha ignored": (
        ACTIVATIONS,
        (("np.where(self.inputs > 0, self.inputs, self.alpha", "np.where(self.inputs > 0, self.inputs, 0.3"),),
        "3.1",
        "LeakyReLU with alpha",
    ),
    "derivative the other way round": (
        ACTIVATIONS,
        (("np.where(self.inputs > 0, 1, self.alpha)", "np.where(self.inputs < 0, 1, self.alpha)"),),
        "3.2",
        "LeakyReLU.input_gradients",
    ),
    "derivative written over the output": (
        ACTIVATIONS,
        (
            (
                "return np.where(self.inputs > 0, 1, self.alpha).astype(self.outputs.dtype)",
                "self.outputs[...] = np.where(self.inputs > 0, 1, self.alpha); return self.outputs",
            ),
        ),
        "3.2",
        "LeakyReLU.input_gradients changed an array",
    ),
    "in-place ReLU": (
        ACTIVATIONS,
        (("np.maximum(self.inputs, 0)", "np.maximum(x, 0, out=x)"),),
        "3.3",
        "ReLU.forward changed an array",
    ),
    "softmax without max-shift": (
        ACTIVATIONS,
        (("self.inputs - self.inputs.max(axis=-1, keepdims=True)", "self.inputs"),),
        "3.4",
        "of 1000 and -1000",
    ),
    "softmax over the batch": (
        ACTIVATIONS,
        (("exponentials / exponentials.sum(axis=-1, keepdims=True)", "exponentials / exponentials.sum(axis=0)"),),
        "3.4",
        "Softmax.forward",
    ),
    "diagonal Jacobian": (
        ACTIVATIONS,
        (("p * (J - (p * J) @ ones)", "p * (1 - p) * J"),),
        "3.5",
        "the other outputs are left out",
    ),
    "a sum of squares": (
        LOSSES,
        (("np.square(self.error).mean()", "np.square(self.error).sum()"),),
        "4.1",
        "it is their sum",
    ),
    "true MSE gradient": (LOSSES, (("2 * self.error", "2 * self.error / self.error.size"),), "4.2", "it is divided by"),
    "sign of the MSE gradient": (LOSSES, (("return 2 * self", "return -2 * self"),), "4.2", "its sign is reversed"),
    "update of a copy": (
        OPTIMIZERS,
        (("            w -= rate * g\n", "            w = w - rate * g\n"),),
        "5.1",
        "in the array that was handed in",
    ),
    "uphill": (OPTIMIZERS, (("            w -= rate * g\n", "            w += rate * g\n"),), "5.1", "BasicOptimizer"),
    "RMSProp forgets": (OPTIMIZERS, (("self.beta * self.v[i] + ", ""),), "5.2", "RMSProp"),
    "missing bias correction": (
        OPTIMIZERS,
        (("scale = rate * root / (1 - self.beta_1**self.iterations)", "scale = rate * root"),),
        "5.3",
        "Adam",
    ),
    "classes by column": (
        METRICS,
        (("probabilities.argmax(axis=1)", "probabilities.argmax(axis=0)"),),
        "6.1",
        "Beras/core.py",
    ),
    "right ones counted": (
        METRICS,
        (("return np.mean(", "return np.sum("),),
        "6.1",
        "it is their number, not their share",
    ),
    "fits every time": (ONE_HOT, (('if not hasattr(self, "uniq2oh"):', "if True:"),), "7.1", "fewer classes"),
    "evaluation trains": (
        MODEL,
        (("self.batch_step(x[rows], y[rows], training=False)", "self.batch_step(x[rows], y[rows], training=True)"),),
        "8.1",
        "Model.evaluate changed the weights",
    ),
    "the last batch twice": (
        MODEL,
        (("in range(0, len(x), batch_size):", "in [*range(0, len(x), batch_size), len(x) - batch_size]:"),),
        "8.1",
        "the mean loss",
    ),
    "the last batch dropped": (
        MODEL,
        (
            ("in range(0, len(x), batch_size):", "in range(0, len(x) - batch_size + 1, batch_size):"),
            ("value / len(x)", "value / (len(x) // batch_size * batch_size)"),
        ),
        "8.1",
        "the last batch, which is not full, is left out",
    ),
    "the first layer alone": (
        ASSIGNMENT,
        (("inputs = layer(inputs)\n", "return layer(inputs)\n"),),
        "9.1",
        "SequentialModel.call",
    ),
    "the last layer twice": (
        ASSIGNMENT,
        ((" return inputs\n", " return layer(inputs)\n"),),
        "9.1",
        "assignment.py",
    ),
    "training always": (
        ASSIGNMENT,
        (("        if not training:\n", "        if False:\n"),),
        "9.2",
        "(training=False) changed the weights",
    ),
    "training never": (
        ASSIGNMENT,
        (("        if not training:\n", "        if True:\n"),),
        "9.2",
        "after a step of training",
    ),
    "nothing returned": (
        ASSIGNMENT,
        (('        return {"loss": loss + ', '        {"loss": loss + '),),
        "9.2",
        "is a return missing?",
    ),
    "loss outside the tape": (
        ASSIGNMENT,
        ((f"                {LOSS}            self", f"            {LOSS}            self"),),
        "9.2",
        "none of Half on it",
    ),
}
# mistakes with which the simple model does not learn, or fails: their own check alone is charged
NO_LEARNING = (
    "tape stays active",
    "sign of the derivative",
    "sign of the MSE gradient",
    "uphill",
    "the first layer alone",
    "training never",
    "loss outside the tape",
)
