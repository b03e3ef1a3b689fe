"""The course's reader of its .npy splits: `reader.load_dataset(folder, part)`."""

from smallnets.data.reader import load_dataset as load_dataset
