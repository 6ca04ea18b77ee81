"""Frames to files and back: lossless masters, proxies, decoding, pixel hashes and the structural contract.

A frame is always an array `(H, W, 3)` of uint8 RGB. The usual doors are `takes.TakeWriter` (a renderer hands
in frames, gets a verified `Rendered`), `reading.read_frames` (any picture or clip, one frame at a time) and
`structure.StructureCheck` (what can be said of a take before any network sees it).
"""
