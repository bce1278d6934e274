"""`python -m keras_augsynth.layers` prints which layer serves which kind of data: the page docs/layers_by_data.md."""

from keras_augsynth.core import registry

if __name__ == "__main__":
    print("# Which layer serves which kind of data\n")
    print("Printed by `python -m keras_augsynth.layers`; what the kinds mean is said in [layers.md](layers.md).\n")
    print(registry.table())
