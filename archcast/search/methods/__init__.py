"""The methods of search, by name; one file each."""

from archcast.search.methods.annealing import annealing
from archcast.search.methods.base import METHODS, Method, Task
from archcast.search.methods.evolution import evolution
from archcast.search.methods.lattice import shgo
from archcast.search.methods.nsga2 import nsga2
from archcast.search.methods.sampling import random
from archcast.search.methods.tpe import tpe

__all__ = ["METHODS", "Method", "Task", "annealing", "evolution", "nsga2", "random", "shgo", "tpe"]
