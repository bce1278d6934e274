"""`python -m keras_augsynth.layers` prints which layer serves which kind of data."""

from keras_augsynth.core import registry

if __name__ == "__main__":
    print(registry.table())
