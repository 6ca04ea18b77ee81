"""Orders for ComfyUI: workflows, and what the studio's servers have and can run."""
