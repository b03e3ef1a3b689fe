"""A course's scoreboard: students hand in over the web, and see their report and where they stand as grades arrive."""
