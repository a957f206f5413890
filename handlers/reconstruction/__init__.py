"""From a picture, or from what its generator wrote into the file, to the prompt it was made from: pure."""
