"""A worker's parent process: what it tells of itself, what it listens to, and its look at its ComfyUI."""
