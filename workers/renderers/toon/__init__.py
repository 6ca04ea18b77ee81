"""A procedural cel renderer: normalised attributes and scene words in, anime pictures out.

Frozen: it gets no new outfits, hair styles or places. Tests, marks and our own small networks stand on
its pixels.
"""
