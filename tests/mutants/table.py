"""Every wrong submission as data: the mistake, the text that makes it, and the checks that must catch it."""

import dataclasses
import shutil
from pathlib import Path

DOWN = "[Conv2d(1, 16, 4, stride=4, bias=False), Conv2d(16, 196, 7, bias=False)]"
UP = "[ConvTranspose2d(196, 16, 7, bias=False), ConvTranspose2d(16, 1, 4, stride=4, bias=False)]"
CHECKS = {
    "fit": "fit ends by itself, within its limits",
    "returns": "types, shapes and ranges of what fit returns, and predictions that its net gives on its own",
    "losses": "one finite number for each step",
    "any_size": "any number of training and development images",
    "no_iterations": "n_iter 0 gives no losses, and predictions all the same",
    "parameters": "the number of parameters, counted from the weights, and get_parameters() that says the same",
    "batches": "one step for each iteration, each of a batch of 100",
    "raw_outputs": "the net's outputs have been through no sigmoid or softmax",
    "loss_falls": "the loss falls",
    "repeatable": "one seed gives one result",
    "independent": "what is predicted for an image does not depend on the other images",
    "accuracy": "the net's accuracy on hidden images",
    "bottleneck": "the encoder leaves at most 196 numbers of an image, our own limit",
    "mse": "the mean squared error on hidden images, through encoder and decoder",
    "saved": "the saved net does as well on its own",
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """Our solution with one mistake in it.

    Args:
        name: such as "argmax_over_images".
        part: 1, 2 or 3, whose file is edited; the other two are as they should be.
        wrong: the mistake in plain words, and why it costs two checks if it does.
        edits: (old, new) texts, one after the other; each old one occurs exactly once.
        loses: the CHECKS that must catch it.
        spoils: CHECKS that may be lost too, as the mistake leaves them little or nothing to judge.
            All others must be passed in full.
    """

    name: str
    part: int
    wrong: str
    edits: tuple[tuple[str, str], ...]
    loses: tuple[str, ...]
    spoils: tuple[str, ...] = ()


def edited(source: str, mutant: Mutant) -> str:
    """The source with the mutant's mistake in it.

    Raises:
        ValueError: an old text does not occur exactly once, so the table is out of date.
    """
    for old, new in mutant.edits:
        if source.count(old) != 1:
            raise ValueError(f"expected {old!r} once for mutant {mutant.name}, got it {source.count(old)} times")
        source = source.replace(old, new)
    return source


def write(mutant: Mutant, solution: Path, into: Path) -> None:
    """Write a mutant as students hand their work in: three neuralnet_pK.py and three net_pK.model.

    The models are those of the solution: a net of another shape cannot take their weights.

    Args:
        solution: the folder with our neuralnet_pK.py and models/reference.
        into: a folder, made if it is missing.

    Raises:
        ValueError: an old text does not occur exactly once.
    """
    into.mkdir(parents=True, exist_ok=True)
    for part in (1, 2, 3):
        source = (solution / f"neuralnet_p{part}.py").read_text(encoding="utf-8")
        source = edited(source, mutant) if part == mutant.part else source
        (into / f"neuralnet_p{part}.py").write_text(source, encoding="utf-8")
        shutil.copyfile(solution / f"models/reference/net_p{part}.model", into / f"net_p{part}.model")


PART_1 = (
    Mutant(
        "argmax_over_images",
        1,
        "argmax over the images of a batch instead of the classes of an image",
        (("net(x).argmax(dim=1)", "net(x).argmax(dim=0)"),),
        loses=("returns",),
    ),
    Mutant(
        "logits_as_predictions",
        1,
        "the logits of an image are returned instead of its label",
        (("net(x).argmax(dim=1)", "net(x)"),),
        loses=("returns",),
    ),
    Mutant(
        "first_batch_only",
        1,
        "only the first 100 images get a label; who has fewer sees no mistake",
        (("dev_set.split(500)", "dev_set.split(100)[:1]"),),
        loses=("returns",),
    ),
    Mutant(
        "labels_from_1",
        1,
        "the labels are numbered from 1",
        (("return losses, yhats.numpy(), net", "return losses, yhats + 1, net"),),
        loses=("returns",),
    ),
    Mutant(
        "thirty_two_hidden_units",
        1,
        "32 hidden units instead of 128; the model that is handed in belongs to another net, so it can't be loaded",
        (
            ("torch.nn.Linear(in_size, 128)", "torch.nn.Linear(in_size, 32)"),
            ("torch.nn.Linear(128, out_size)", "torch.nn.Linear(32, out_size)"),
        ),
        loses=("parameters", "saved"),
    ),
    Mutant(
        "sigmoid_at_the_end",
        1,
        "a sigmoid after the last layer",
        (
            (
                "return self.layers((self.roots(x) - self.mean) / self.std)",
                "return self.layers((self.roots(x) - self.mean) / self.std).sigmoid()",
            ),
        ),
        loses=("raw_outputs",),
    ),
    Mutant(
        "statistics_of_the_dev_set",
        1,
        "the development set is standardised with its own mean and standard deviation",
        (("    net.eval()\n", "    net.eval()\n    net.standardise(dev_set)\n"),),
        loses=("independent",),
    ),
    Mutant(
        "standardised_outside_the_net",
        1,
        "fit standardises, the net does not: returned or saved, it gets raw pixels and is right for fewer",
        (
            ("return self.layers((self.roots(x) - self.mean) / self.std)", "return self.layers(x)"),
            (
                "    losses = []\n",
                "    train_set, dev_set = ((net.roots(x) - net.mean) / net.std for x in (train_set, dev_set))\n"
                "    losses = []\n",
            ),
        ),
        loses=("returns",),
        spoils=("saved",),
    ),
    Mutant(
        "full_batch",
        1,
        "each step is given the whole training set",
        (("batches(len(train_set), batch_size)", "batches(len(train_set), len(train_set))"),),
        loses=("batches",),
    ),
    Mutant(
        "shuffled_labels",
        1,
        "images and labels are shuffled apart, so there is nothing to learn but that all classes are as frequent",
        (("train_labels[i])", "train_labels[i][torch.randperm(len(i))])"),),
        loses=("accuracy",),
        spoils=("loss_falls",),
    ),
    Mutant(
        "no_learning_rate",
        1,
        "a learning rate of 0, so nothing is learnt; whether the last batches' loss is below the first ones' is chance",
        (("lrate, out_size = 0.08,", "lrate, out_size = 0.0,"),),
        loses=("accuracy",),
        spoils=("loss_falls",),
    ),
    Mutant(
        "untrained_copy",
        1,
        "the net returned is not the one that was trained, so the labels returned are not its own",
        (
            (
                "return losses, yhats.numpy(), net",
                "return losses, yhats.numpy(), NeuralNet(lrate, net.loss_fn, train_set.shape[1], out_size)",
            ),
        ),
        loses=("returns",),
    ),
    Mutant(
        "last_loss_twice",
        1,
        "one loss too many: the last one is listed twice",
        (("    net.eval()\n", "    losses += losses[-1:]\n    net.eval()\n"),),
        loses=("losses",),
    ),
    Mutant(
        "always_500_iterations",
        1,
        "500 iterations whatever n_iter says, each with a loss, also for n_iter 0",
        (("batch_size), n_iter)", "batch_size), 500)"), ("/ n_iter) * (1 - t / n_iter)", "/ 500) * (1 - t / 500)")),
        loses=("batches", "no_iterations"),
    ),
    Mutant(
        "ten_epochs",
        1,
        "ten steps an iteration, of which every tenth loss is listed",
        (
            ("batch_size), n_iter)", "batch_size), 10 * n_iter)"),
            ("/ n_iter) * (1 - t / n_iter)", "/ n_iter) * (1 - t / n_iter / 10)"),
            ("return losses, yhats.numpy(), net", "return losses[::10], yhats.numpy(), net"),
        ),
        loses=("batches",),
    ),
    Mutant(
        "trained_without_step",
        1,
        "fit trains without calling step",
        (("losses.append(net.step(", "losses.append(net.update("), ("    def step(self", "    def update(self")),
        loses=("batches",),
    ),
    Mutant(
        "class_returned",
        1,
        "fit returns the class of its net",
        (("return losses, yhats.numpy(), net", "return losses, yhats.numpy(), NeuralNet"),),
        loses=("returns",),
    ),
    Mutant(
        "full_batches_only",
        1,
        "the training set is cut into rows of 100, which fails unless its size is a multiple of 100",
        (
            (
                "        for start in range(0, max(1, n - batch_size + 1), batch_size):\n"
                "            yield order[start : start + batch_size]\n",
                "        yield from order.view(-1, batch_size)\n",
            ),
        ),
        loses=("any_size",),
    ),
    Mutant(
        "unseeded_shuffle",
        1,
        "the batches come from a generator that no seed reaches",
        (("torch.randperm(n)", "torch.from_numpy(np.random.default_rng().permutation(n))"),),
        loses=("repeatable",),
    ),
    Mutant(
        "no_parameters",
        1,
        "get_parameters() says that there are none",
        (
            ("        return list(self.parameters())\n", "        return []\n"),
            ("        parameters = self.get_parameters()\n", "        parameters = list(self.parameters())\n"),
        ),
        loses=("parameters",),
    ),
    Mutant(
        "misspelt_method",
        1,
        "a misspelt method, which ends fit with a traceback",
        (("yhats.numpy()", "yhats.to_numpy()"),),
        loses=("fit",),
    ),
)

PART_2 = (
    Mutant(
        "broken_labels",
        2,
        "the labels are no whole numbers",
        (("return losses, yhats.numpy(), net", "return losses, yhats.numpy() + 0.5, net"),),
        loses=("returns",),
    ),
    Mutant(
        "first_batch_or_0",
        2,
        "every image after the first 100 gets label 0, which is wrong and not what the net says",
        (
            (
                "        yhats = torch.cat([net(x).argmax(dim=1) for x in dev_set.split(100)])\n",
                "        yhats = torch.zeros(len(dev_set), dtype=torch.int64)\n"
                "        yhats[:100] = net(dev_set[:100]).argmax(dim=1)\n",
            ),
        ),
        loses=("returns", "accuracy"),
        spoils=("independent",),
    ),
    Mutant(
        "sigmoid_at_the_end_of_part_2",
        2,
        "a sigmoid after the last layer",
        (("return self.layers((100 * z).log1p())", "return self.layers((100 * z).log1p()).sigmoid()"),),
        loses=("raw_outputs",),
    ),
    Mutant(
        "softmax_at_the_end",
        2,
        "a softmax after the last layer, and so a second one inside the loss",
        (("return self.layers((100 * z).log1p())", "return self.layers((100 * z).log1p()).softmax(dim=1)"),),
        loses=("raw_outputs",),
    ),
    Mutant(
        "too_many_parameters",
        2,
        "601,385 parameters; the model that is handed in belongs to another net, so it can't be loaded",
        (
            ("torch.nn.Linear(64 * 7 * 7, 128, bias=False)", "torch.nn.Linear(64 * 7 * 7, 188, bias=False)"),
            ("torch.nn.BatchNorm1d(128, momentum=0.2)", "torch.nn.BatchNorm1d(188, momentum=0.2)"),
            ("torch.nn.Linear(128, out_size)", "torch.nn.Linear(188, out_size)"),
        ),
        loses=("parameters", "saved"),
    ),
    Mutant(
        "parameters_in_plain_tensors",
        2,
        "201,984 weights more in plain tensors, which parameters() does not name: 614,789 in all",
        (
            (
                "        self.lr = lrate\n",
                "        self.more = [torch.randn(256, in_size) / 28, torch.zeros(out_size, 256)]\n"
                "        for weights in self.more:\n"
                "            weights.requires_grad_()\n"
                "        self.lr = lrate\n",
            ),
            (
                "for p in self.parameters()]\n\n    def set_parameters",
                "for p in [*self.parameters(), *self.more]]\n\n    def set_parameters",
            ),
            ("parameters = self.get_parameters()\n", "parameters = [*self.get_parameters(), *self.more]\n"),
            (
                "        return self.layers((100 * z).log1p())\n",
                "        more = (images.flatten(1) @ self.more[0].T).relu() @ self.more[1].T\n"
                "        return self.layers((100 * z).log1p()) + more\n",
            ),
        ),
        loses=("parameters",),
    ),
    Mutant(
        "used_up_generator",
        2,
        "get_parameters() returns a generator that has been used up and counts 0; nor can such a net be pickled",
        (
            (
                "        self.velocities = [torch.zeros_like(p) for p in self.parameters()]\n",
                "        self.named = self.parameters()\n"
                "        self.velocities = [torch.zeros_like(p) for p in self.named]\n",
            ),
            ("        return list(self.parameters())\n", "        return self.named\n"),
            ("        parameters = self.get_parameters()\n", "        parameters = list(self.parameters())\n"),
        ),
        loses=("parameters",),
    ),
    Mutant(
        "batches_of_50",
        2,
        "batches of 50 whatever batch_size says",
        (("batches(len(train_set), batch_size)", "batches(len(train_set), 50)"),),
        loses=("batches",),
    ),
    Mutant(
        "one_batch_for_ever",
        2,
        "every step is given the same 100 images, so the loss falls but little is learnt",
        (
            ("torch.randperm(n)", "torch.arange(n)"),
            ("yield order[start : start + batch_size]", "yield order[:batch_size]"),
        ),
        loses=("accuracy",),
    ),
    Mutant(
        "constant_labels",
        2,
        "trained on label 0 for every image: the loss falls, but nothing is learnt",
        (("train_labels[i])", "torch.zeros_like(train_labels[i]))"),),
        loses=("accuracy",),
    ),
    Mutant(
        "wrong_sign",
        2,
        "the update goes up the gradient, so the loss rises and nothing is learnt",
        (("p.sub_(", "p.add_("),),
        loses=("loss_falls", "accuracy"),
    ),
    Mutant(
        "every_tenth_loss",
        2,
        "only every tenth loss is listed",
        (
            (
                "        losses.append(net.step(train_set[i], train_labels[i]))\n",
                "        loss = net.step(train_set[i], train_labels[i])\n"
                "        if t % 10 == 0:\n"
                "            losses.append(loss)\n",
            ),
        ),
        loses=("losses",),
    ),
    Mutant(
        "always_10_iterations",
        2,
        "10 iterations whatever n_iter says, each with a loss, also for n_iter 0",
        (("    lrate, out_size = 0.1,", "    n_iter = 10\n    lrate, out_size = 0.1,"),),
        loses=("batches", "no_iterations"),
        spoils=("accuracy",),
    ),
    Mutant(
        "dropout_in_prediction",
        2,
        "dropout that eval() does not end, so labels change from call to call",
        (("self.layers((100 * z).log1p())", "self.layers(functional.dropout((100 * z).log1p(), 0.2))"),),
        loses=("returns",),
        spoils=("independent",),
    ),
    Mutant(
        "no_eval",
        2,
        "eval() is forgotten, so batch norm predicts with the mean of whatever images are together, or fails on one",
        (("    net.eval()\n", ""),),
        loses=("independent",),
        spoils=("returns", "any_size"),
    ),
    Mutant(
        "two_images_at_least",
        2,
        "squeeze() drops the dimension of a single image, and argmax fails",
        (("net(x).argmax(dim=1)", "net(x).squeeze().argmax(dim=1)"),),
        loses=("any_size",),
    ),
    Mutant(
        "print_flood",
        2,
        "every pixel of every batch is printed",
        (("        losses.append(net.step(", "        print(train_set[i].tolist())\n        losses.append(net.step("),),
        loses=("fit",),
    ),
)

PART_3 = (
    Mutant(
        "dev_set_returned",
        3,
        "the development set is returned as its own reconstruction",
        (("return losses, xhats.numpy(), net", "return losses, dev_set.numpy(), net"),),
        loses=("returns",),
    ),
    Mutant(
        "detour",
        3,
        "forward adds the image itself to what has been through the bottleneck",
        (
            (
                "return self.decoder(self.encoder(x.reshape(-1, 1, 28, 28))).flatten(1)",
                "return (self.decoder(self.encoder(x.reshape(-1, 1, 28, 28))).flatten(1) + x) / 2",
            ),
        ),
        loses=("returns",),
    ),
    Mutant(
        "bottleneck_of_784",
        3,
        "the encoder leaves 16x7x7 = 784 numbers; the model that is handed in belongs to another net",
        (
            (DOWN, "[Conv2d(1, 16, 4, stride=4, bias=False)]"),
            (UP, "[ConvTranspose2d(16, 1, 4, stride=4, bias=False)]"),
            ("self.decoder[2].image", "self.decoder[1].image"),
        ),
        loses=("bottleneck", "saved"),
    ),
    Mutant(
        "bottleneck_of_3136",
        3,
        "the encoder leaves 16x14x14 = 3,136 numbers, as in the handout's example; the model belongs to another net",
        (
            (DOWN, "[Conv2d(1, 16, 2, stride=2, bias=False)]"),
            (UP, "[ConvTranspose2d(16, 1, 2, stride=2, bias=False)]"),
            # else it would have no error to begin with
            ("torch.nn.init.orthogonal_(conv.weight)", "torch.nn.init.normal_(conv.weight, std=0.1)"),
            ("self.decoder[2].image", "self.decoder[1].image"),
        ),
        loses=("bottleneck", "saved"),
    ),
    Mutant(
        "identity_encoder",
        3,
        "the encoder returns the image and the decoder does everything; the model handed in belongs to another net",
        (
            ("torch.nn.Sequential(Shift(clamp=False), *down)", "torch.nn.Sequential(Shift(clamp=False))"),
            ("torch.nn.Sequential(*up, Shift(clamp=True))", "torch.nn.Sequential(*down, *up, Shift(clamp=True))"),
            ("self.decoder[2].image", "self.decoder[4].image"),
            ("code = self.encoder(", "code = torch.nn.Sequential(self.encoder, *self.decoder[:2])("),
            ("self.decoder(code)", "self.decoder[2:](code)"),
        ),
        loses=("bottleneck", "saved"),
    ),
    Mutant(
        "images_of_four_dimensions",
        3,
        "the reconstructions are [M, 1, 28, 28] instead of [M, 784]",
        (("return losses, xhats.numpy(), net", "return losses, xhats.view(-1, 1, 28, 28).numpy(), net"),),
        loses=("returns",),
    ),
    Mutant(
        "outside_0_to_1",
        3,
        "nothing keeps the reconstructions inside [0, 1]",
        (("return x.clamp(0, 1) * (x > BACKGROUND) if self.clamp and not self.training else x", "return x"),),
        loses=("returns",),
    ),
    Mutant(
        "update_not_applied",
        3,
        "the new weights go into a copy of the old ones, so the loss stays and nothing is learnt",
        (("p.copy_(orthogonalise", "p.clone().copy_(orthogonalise"),),
        loses=("loss_falls", "mse"),
    ),
    Mutant(
        "wrong_sign_of_the_average",
        3,
        "the code's square is made small, not large, so the loss rises",
        (("average + 0.0005 * p", "p - average"),),
        loses=("loss_falls", "mse"),
    ),
    Mutant(
        "nan_as_first_loss",
        3,
        "each loss is a tensor, the mean of those before it, which for the first is nan",
        (
            ("    losses = []\n", "    losses, seen = [], []\n"),
            (
                "        losses.append(net.step(train_set[i]))\n",
                "        losses.append(torch.tensor(seen).mean())\n        seen.append(net.step(train_set[i]))\n",
            ),
        ),
        loses=("losses",),
    ),
    Mutant(
        "last_loss_wanted",
        3,
        "the last loss is looked at, which fails when there is none",
        (("    net.eval()\n", "    net.last_loss = losses[-1]\n    net.eval()\n"),),
        loses=("no_iterations",),
    ),
    Mutant(
        "seed_of_its_own",
        3,
        "fit seeds torch with random bytes of the system",
        (
            ("from collections.abc", "import os\nfrom collections.abc"),
            (
                "    lrate, in_size = 1.0,",
                "    torch.manual_seed(int.from_bytes(os.urandom(4)))\n    lrate, in_size = 1.0,",
            ),
        ),
        loses=("repeatable",),
    ),
    Mutant(
        "batches_of_20",
        3,
        "batches of 20 whatever batch_size says",
        (("batches(len(train_set), batch_size)", "batches(len(train_set), 20)"),),
        loses=("batches",),
    ),
    Mutant(
        "exit_at_the_end",
        3,
        "fit ends the program after training, as if all was well",
        (
            ("from collections.abc", "import sys\nfrom collections.abc"),
            ("    net.eval()\n", "    net.eval()\n    sys.exit(0)\n"),
        ),
        loses=("fit",),
    ),
)

MUTANTS = PART_1 + PART_2 + PART_3
