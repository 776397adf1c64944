# The Hercules plugin hdtcfs.so.
