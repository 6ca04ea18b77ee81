"""The commands: thin Typer functions over the SDK, each file named after the first command that a person types.

`up` holds down and migrate too, `submit` cancel and retake, `jobs` job and watch, `review` gate and calibrate.
"""
