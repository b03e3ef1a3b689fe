"""The NumPy and CNN lab's hidden images, and the run that lets a student's net classify them."""
