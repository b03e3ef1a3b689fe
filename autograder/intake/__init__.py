"""From a submission, a folder or a zip, to the lab's files."""
