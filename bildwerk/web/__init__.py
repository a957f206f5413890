"""What monitors ask over HTTP: alive, ready, metrics. No page here shows a picture, a path or a caption."""
