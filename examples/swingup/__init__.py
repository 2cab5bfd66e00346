"""A population that learns to swing up and balance a pole; it must not know who starts it."""
