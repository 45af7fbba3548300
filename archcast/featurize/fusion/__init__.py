"""How runtimes join nodes: the groups, and one file of rules."""
