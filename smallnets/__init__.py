"""The shared core of the drivers: data files, metrics, progress, pictures, model files."""
