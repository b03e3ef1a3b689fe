"""Print terminal commands: title, colours, a link, reversed writing direction, a bell."""

print("\x1b]0;owned\x07\x1b[31mred\x1b[0m \x9b2J \u202ederevo \x08\x08\x00\x1b]8;;http://x\x1b\\")
