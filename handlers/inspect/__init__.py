"""Pictures: from a reference below the media root to one normalised JPEG.

`pool.PicturePool` is what the other rooms use. It decodes in child processes (`child`), because a
decoder that reads hostile bytes may crash, hang or eat memory; `decoding` holds what those children
do, `reasons` every code that can come out.
"""
