"""The files of handouts, bundles and jobs, and the skeletons in handouts."""
