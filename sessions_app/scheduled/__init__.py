"""The clock: everything that happens without anybody clicking, in one loop under one lease."""
