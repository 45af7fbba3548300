"""The methods of search, by name; one file each."""

from archcast.search.loop.methods.annealing import annealing
from archcast.search.loop.methods.base import METHODS, Method, Task
from archcast.search.loop.methods.evolution import evolution
from archcast.search.loop.methods.lattice import lattice
from archcast.search.loop.methods.nsga2 import nsga2
from archcast.search.loop.methods.sampling import random
from archcast.search.loop.methods.simplicial import shgo
from archcast.search.loop.methods.tpe import tpe

__all__ = ["METHODS", "Method", "Task", "annealing", "evolution", "lattice", "nsga2", "random", "shgo", "tpe"]
