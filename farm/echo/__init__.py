"""Echo Brain, the AI next door: the farm's side of its two dialects."""
