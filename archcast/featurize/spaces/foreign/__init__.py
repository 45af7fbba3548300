"""How others write networks: one file a family; a space names those of its members (`Space.notations`)."""
