"""From a submission, a folder or an archive, to the lab's files."""
