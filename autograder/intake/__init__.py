"""From what was handed in, a folder or a zip, to the files of the lab."""
