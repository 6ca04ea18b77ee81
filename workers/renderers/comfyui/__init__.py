"""Production rendering: drives one ComfyUI over HTTP and trusts nothing it says without looking again.

Light enough for admission: what can be rendered (`workflow`, `builtin`, `binding_file`, `bindable`, `recorded`,
`sections`, `graph`) and whether a ComfyUI has what it needs (`preflight`). With a server: `server` speaks HTTP,
`prompts` brings one prompt to its end, `listening` hears its progress, `faults` says what an error means,
`checkpoints` hashes the files that were loaded, and `renderer` is all of it as the farm's renderer.
"""
