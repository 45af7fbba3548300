"""Members of spaces predicted by what predicts networks, at the speed of tables.

The kernels of a member stand in places (its parts); the kernel in a place depends on few decisions. Which
those are, and which kernel each of their choices leads to, is found from a few hundred members that are
built, and checked on members that are not among them.
"""
