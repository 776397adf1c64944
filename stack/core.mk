# xes, xcf, vipa, clp: the stack's core, for host tests and the image.
