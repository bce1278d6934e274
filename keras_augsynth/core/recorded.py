"""Draws that are recorded, and applied again."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_augsynth.core import activity
from keras_augsynth.core.checks import wrong
from keras_augsynth.core.inputs import Inputs
from keras_augsynth.core.primary import dense, modality_of


class Recorded:
    """The part of `Augmentation` that shows what a layer draws and carries it out again."""

    _calls: Any
    plan: Any

    def draw_params(self, sample_ids: Any, epoch: int = 0, *, shape: Sequence[int] | None = None) -> dict[str, Any]:
        """What the layer draws for samples with these ids: the same as in a call with "sample_ids" and "epoch".

        Args:
            sample_ids: integers `(N,)`.
            epoch: integer.
            shape: of one sample, channels last. Only for layers whose draws depend on it, such as crops.

        Returns:
            For each layer that is carried out, in order, {"params": …, "gate": bool `(N,)` where some samples are
            left out}. To look at, or to be handed to `replay`.

        Example:

        >>> layer = RandomRotation(0.1, seed=1)
        >>> params = layer.draw_params([17, 4])
        >>> turned = layer.replay(images[:2], params)
        """
        ids = ops.reshape(ops.convert_to_tensor(sample_ids), (-1,))
        if "int" not in ops.dtype(ids):
            raise wrong(self, "sample_ids", "be integers", ops.dtype(ids), TypeError)
        keys = activity.keys(self._calls, ids, ops.convert_to_tensor(epoch))
        modality = modality_of(self, None if shape is None else (None, *shape))
        sample = (None,) * modality.rank if shape is None else tuple(shape)
        try:
            return self.plan.record(keys, (ops.shape(ids)[0], *sample), modality)
        except (TypeError, ValueError) as error:
            if shape is not None:
                raise
            raise wrong(self, "shape", "be given: what is drawn depends on the size of a sample", shape) from error

    def replay(self, inputs: Any, params: dict[str, Any]) -> Any:
        """Changes samples by what `draw_params` returned, in the order of its ids.

        Args:
            inputs: as in a call.
            params: of `draw_params`, for as many samples.

        Raises:
            ValueError: for parameters of another layer or of another number of samples.
        """
        inputs = dense(self, inputs)
        Inputs.check(self, inputs)
        read = Inputs(self, inputs)
        steps = [step.name for step in self.plan.steps]
        if not isinstance(params, dict) or list(params) != steps:
            raise wrong(self, "params", f"be what `draw_params` of this layer returns, for {steps}", params)
        params = keras.tree.map_structure(ops.convert_to_tensor, params)
        for row in keras.tree.flatten(params):
            if row.shape[0] != read.batch.x.shape[0]:
                needed = f"be drawn for {read.batch.x.shape[0]} samples"
                raise wrong(self, "params", needed, f"parameters for {row.shape[0]}")
        return read.restore(self.plan.carry_out(read.batch, record=params))
