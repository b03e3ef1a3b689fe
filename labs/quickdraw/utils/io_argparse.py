"""The command line that the three programs share."""

from smallnets import cli, threads


def get_args(args: list[str]) -> dict:
    """Parse the program's own command line (the argument is ignored, as in the course's file).

    Returns:
        data_dir, log_dir, model_save_dir, predictions_file, mode, lr, bs, epochs, weights and seed by name; what is
        left out is its default or None. Which of them a mode needs is for the program to say.
    """
    parser = cli.parser("HW3 command line argument parser")
    parser.add_argument("--dataDir", dest="data_dir", default="datasets", help="folder of the fruit_*.npy files")
    parser.add_argument("--logDir", dest="log_dir", default="log_files", help="where the log of a training goes")
    parser.add_argument("--modelSaveDir", dest="model_save_dir", default="model_files", help="where a net goes")
    parser.add_argument("--predictionsFile", dest="predictions_file", help="where predictions go")
    parser.add_argument("--mode", choices=("train", "predict"), required=True)
    parser.add_argument("--LR", dest="lr", type=cli.number(0), help="learning rate")
    parser.add_argument("--bs", type=cli.whole_number(1), help="images in a batch")
    parser.add_argument("--epochs", type=cli.whole_number(1), help="optimisation steps")
    parser.add_argument("--weights", help="the .pt file to predict with")
    parser.add_argument("--seed", type=cli.whole_number(0), default=0, help="seed of weights, batches and samples")
    threads.add_option(parser)
    found = vars(parser.parse_args())
    del found["threads"]  # the session's own, which the course's programs do not know
    return found


def get_threads(args: list[str]) -> int | None:
    """The --threads of a program's command line, None where it is left out."""
    parser = cli.parser(None)
    threads.add_option(parser)
    number: int | None = parser.parse_known_args(args)[0].threads
    return number
