"""What is wrong with a picture: measured on its pixels (`measured`), and judged together with what a model saw."""
