"""The facade, one module for each sort of thing that is asked of a registry; `lineal.registry` puts it together."""
