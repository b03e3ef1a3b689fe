"""How the BatchNorm lab is graded, beyond the checks on layer.py."""
