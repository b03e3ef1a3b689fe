"""Write one file over the limit."""

from aims import AIM, SCRATCH, reached

with open(f"{SCRATCH}/{AIM['token']}", "wb") as file:
    for _ in range(AIM["file_size"] // 2**20 + 1):
        file.write(bytes(2**20))
        file.flush()
reached(AIM["file_size"])
