"""Perception for cameras that are not ordinary: focus sweep in, metric depth out."""

from pkgutil import extend_path

# A source checkout holds the Python modules, the colcon install space the generated
# `ddff_perception.msg`: both must answer to one package name.
__path__ = extend_path(__path__, __name__)

__version__ = "0.1.0"
