# The control program of an image.
