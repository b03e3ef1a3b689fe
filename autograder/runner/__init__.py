"""Both ends of a job: the files that it sees, the protocol, and the checks that run inside the sandbox."""
