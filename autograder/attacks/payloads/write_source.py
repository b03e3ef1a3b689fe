"""Change the files under test."""

from aims import reached

with open("submission/net.py", "w") as file:
    file.write("# not what was handed in")
reached("submission/net.py")
