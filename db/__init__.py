"""What the farm remembers, in Postgres and in files.

Sessions (`engine`) and migrations; the queue's SQL (`queue`, and `reuse` for equal orders); what people ask for
(`catalogue`); the workers and what their ComfyUIs have (`workers`, `inventories`); takes (`artifacts`), and
those that were handed on (`deliveries`).
"""
