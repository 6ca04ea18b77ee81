"""Frames to files and back: lossless masters, proxies, pixel hashes, structural checks."""
