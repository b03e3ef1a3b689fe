"""What is asserted on a student's modules: each check takes what `load` of its file returns, and a generator."""
