"""Production rendering: drives one ComfyUI over HTTP and trusts nothing it says without looking again."""
