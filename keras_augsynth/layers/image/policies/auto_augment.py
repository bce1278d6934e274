from typing import Any

import numpy as np
from keras import ops

from keras_augsynth.core.checks import check_choice
from keras_augsynth.layers.image.policies.auto_augment_policies import POLICIES
from keras_augsynth.layers.image.policies.policy import OPERATIONS, Drawn, Policy, drawn


class AutoAugment(Policy):
    """Changes each image by one of 25 pairs of operations that were found by search on a data set.

    Args:
        policy: "imagenet", "cifar10" or "svhn".
        **kwargs: as in `Policy`.

    Input shape:
        `(height, width, channels)` or `(batch, height, width, channels)`, 1 or 3 channels.

    Output shape:
        As the input's.

    Raises:
        ValueError: for an unknown policy.

    Example:

    >>> AutoAugment("cifar10", seed=1)(np.zeros((8, 32, 32, 3), "uint8")).shape
    TensorShape([8, 32, 32, 3])

    Reference:
        Cubuk, Zoph, Mane, Vasudevan, Le: AutoAugment: learning augmentation policies from data. CVPR 2019.
    """

    def __init__(self, policy: str = "imagenet", **kwargs: Any):
        super().__init__(**kwargs)
        self.policy = check_choice(self, policy, "policy", tuple(POLICIES))
        pairs = POLICIES[policy]
        column = lambda k, dtype: np.array([[operation[k] for operation in pair] for pair in pairs], dtype)
        self._names = np.array([[OPERATIONS.index(name) for name, _, _ in pair] for pair in pairs], "int32")
        self._chances, self._magnitudes = column(1, "float32"), column(2, "float32") / 9.0

    def operations(self, rng) -> Drawn:
        pair = rng.integers(0, len(self._names))
        of_pair = lambda table: ops.take(ops.convert_to_tensor(table), pair, axis=0)
        carried_out = rng.uniform(shape=(2,)) < of_pair(self._chances)
        return drawn(rng, ops.where(carried_out, of_pair(self._names), 0), of_pair(self._magnitudes))

    @classmethod
    def at_strength(cls, strength: float) -> dict[str, Any]:
        return {"p": 1.0 if strength else 0.0}
