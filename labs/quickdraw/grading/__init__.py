"""How the QuickDraw lab is graded, beyond the checks on its nets as such."""
