"""A course's scoreboard: students hand in on a web page, and see their report and place as grades arrive."""
