# The coupling facility engine.
