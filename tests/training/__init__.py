"""How our own small networks are learnt from the procedural renderer, and how often they err on the unseen."""
