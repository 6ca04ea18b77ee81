"""Who can do the work: the workers, and what their ComfyUIs have."""
