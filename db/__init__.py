"""What the farm remembers, in Postgres and in files.

Sessions (`engine`) and migrations; what workers ask (`queue`) and what people ask (`catalogue`); the workers
and what their ComfyUIs have (`fleet`); takes and deliveries (`files`).
"""
