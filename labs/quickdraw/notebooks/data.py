# %% [markdown]
# # The drawings
#
# Section 1.3.2 of the homework, step by step: load the images and labels, look at the first image of each class, and
# see images as the flat vectors that the dense net takes.
#
# **On Colab**: put this project into your Google Drive as the folder `smallnets` and run the next cell, which opens
# the Drive and goes to the lab's folder. **Anywhere else** the notebook runs in `labs/quickdraw`.

# %%
# %matplotlib inline
import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

IN_DRIVE = Path("/content/drive/MyDrive/smallnets/labs/quickdraw")
if "google.colab" in sys.modules:
    from google.colab import drive

    drive.mount("/content/drive")
    os.chdir(IN_DRIVE)
    sys.path.insert(0, str(IN_DRIVE.parents[1]))  # Colab has the packages; the project's own is in this folder

# %% [markdown]
# ## Load
#
# The files are in `datasets/` or in the repository's `data/quickdraw/`. Where there are none, drawings by a program
# stand in, which the output says.

# %%
from smallnets.data import quickdraw  # noqa: E402 - found only now on Colab

folder = quickdraw.told(quickdraw.place(Path("datasets"), Path("../../data/quickdraw")))
images = np.load(folder / "fruit_images.npy")
labels = np.load(folder / "fruit_labels.npy")
print("images:", images.dtype, images.shape)
print("labels:", labels.dtype, labels.shape, "from", labels.min(), "to", labels.max())

# %% [markdown]
# ## The first image of class 0

# %%
class_0_images = images[labels == 0]
plt.imshow(class_0_images[0])
plt.set_cmap("gray")
plt.show()

# %% [markdown]
# ## The first image of every class
#
# Which integer stands for which class? The labels follow the order of the names in `class_names.json`; in the
# homework's own files 0 is apple, 1 banana, 2 grapes, 3 pineapple, 4 strawberry and 5 watermelon.

# %%
n_classes = int(labels.max()) + 1
names = quickdraw.class_names(folder, n_classes)
figure, panels = plt.subplots(1, n_classes, figsize=(2 * n_classes, 2.4))
for k, panel in enumerate(panels):
    panel.imshow(images[labels == k][0], cmap="gray")
    panel.set_title(f"{k}: {names[k]}")
    panel.axis("off")
plt.show()

# %% [markdown]
# Every class has as many images as the others, so guessing is right once in as many times as there are classes.

# %%
for k, count in enumerate(np.bincount(labels)):
    print(f"{k} {names[k]}: {count} images, {count / len(labels):.1%}")

# %% [markdown]
# ## Flattened
#
# An image becomes a vector of height * width numbers, row after row.

# %%
flat = images.reshape(len(images), -1)
print("flattened:", flat.shape)

# %% [markdown]
# The first five vectors. A spike is a place where a row of pixels crosses a stroke, and the distance of neighbouring
# spikes is about 28, the length of a row. Which strokes lie side by side is hard to see here, and a dense net has to
# find it out.

# %%
plt.figure(figsize=(9, 4))
for k, vector in enumerate(flat[:5]):
    plt.plot(vector, linewidth=0.7, label=f"image {k + 1}: {names[labels[k]]}")
plt.xlabel("pixel of the flattened image")
plt.ylabel("ink")
plt.legend()
plt.show()
