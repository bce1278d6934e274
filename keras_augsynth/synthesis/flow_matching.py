"""Flow matching: a source of samples that carries noise along a learned velocity."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_augsynth.core.checks import check_choice, check_integer, check_number, wrong
from keras_augsynth.synthesis.architectures.flow_networks import flow_mlp, flow_unet
from keras_augsynth.synthesis.generative import GenerativeModel
from keras_augsynth.synthesis.networks import averaged, check_network, range_of, update_average
from keras_augsynth.synthesis.seeds import normal, random_for

Tensor = Any


@keras.saving.register_keras_serializable(package="keras_augsynth")
class FlowMatching(GenerativeModel):
    """Learns the velocity that carries noise into samples along straight lines, and follows it to make new ones.

    The steadiest and the slowest of the sources: a plain regression, with no game and no blur, but each sample takes
    `steps` passes through the network. For 28 x 28 digits on a CPU, a step with `flow_unet(width=16)` takes about
    twice as long as one of a `dcgan`, and a sample some 60 times as long. So it is meant for a GPU, and for a pool of
    samples that is filled now and then, not for samples made anew in each training step.

    Args:
        shape: of one sample; `flow_mlp(shape, num_classes)` is taken for rows, `flow_unet(shape, num_classes)`
            otherwise.
        num_classes: None for an unconditional model.
        network: instead of `shape`, a model from `[sample, time]` or `[sample, time, label]`, times `(N,)` from 0 to
            1, to velocities of the sample's shape.
        steps: of the way from noise to a sample, at least 1.
        solver: "euler" takes one pass for a step; "heun" takes two, and fewer steps for the same precision.
        ema: decay of the average of the weights per step, from 0 (no averaging) to below 1; it is smaller in the
            first steps. Samples are made by the average.
        value_range: lowest and highest value of the data, which the network's [-1, 1] stands for; None if the
            network sees the data's own values, or, of rows, columns that `adapt` standardizes.
        seed: integer; the same seed gives the same training.
        **kwargs: `name` and `dtype`.

    Raises:
        ValueError: for a network of other inputs or outputs, or both a shape and a network.

    Example:

    >>> flow = FlowMatching(network=flow_unet((8, 8, 3), 3, width=4), num_classes=3, steps=4, value_range=(0, 255))
    >>> flow.compile()
    >>> history = flow.fit(x, y, epochs=1, verbose=0)
    >>> flow.sample([2, 2, 0], seed=1).shape
    TensorShape([3, 8, 8, 3])

    Reference:
        Lipman, Chen, Ben-Hamu, Nickel, Le: Flow matching for generative modeling. ICLR 2023. Liu, Gong, Liu: Flow
        straight and fast. ICLR 2023.
    """

    _parts = ("network",)
    _arguments = ("steps", "solver", "ema")
    _maker = "average"

    def __init__(
        self,
        shape: Sequence[int] | None = None,
        num_classes: int | None = None,
        *,
        network: keras.Model | None = None,
        steps: int = 20,
        solver: str = "euler",
        ema: float = 0.999,
        value_range: Sequence[float] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        if (shape is None) == (network is None):
            raise wrong("FlowMatching", "shape", "be given, or else `network`", shape)
        if network is None:
            rows = isinstance(shape, Sequence) and len(shape) == 1
            network = (flow_mlp if rows else flow_unet)(shape, num_classes)
        check_network("FlowMatching", network, "network", ["sample", "time"], num_classes)
        sample_shape = tuple(network.inputs[0].shape[1:])
        if tuple(network.output_shape[1:]) != sample_shape:
            raise wrong("FlowMatching", "network", f"make velocities of shape {sample_shape}", network.output_shape[1:])
        super().__init__(
            sample_shape=sample_shape,
            noise_size=math.prod(sample_shape),
            own_range=range_of(network),
            metrics=("loss",),
            num_classes=num_classes,
            value_range=value_range,
            seed=seed,
            **kwargs,
        )
        self.steps = check_integer(self, steps, "steps", 1)
        self.solver = check_choice(self, solver, "solver", ("euler", "heun"))
        self.ema = check_number(self, ema, "ema", 0.0, 1.0 - 1e-9)
        self.network, self.average = network, averaged(network)

    def _loss_values(self, samples: Tensor, labels: list[Tensor], training: bool) -> dict[str, Tensor]:
        count = ops.shape(samples)[0]
        noise = ops.reshape(normal(self._step_seed(0), count, self._noise_size), ops.shape(samples))
        # Times spread evenly over a batch, from a start that is drawn: less noise in the loss than draws in each row.
        start = random_for(self._step_seed(1), 1)[1].uniform()
        time = (start + ops.arange(count, dtype="float32") / ops.cast(count, "float32")) % 1.0
        share = ops.reshape(time, (-1, *(1 for _ in self._sample_shape)))
        between = (1.0 - share) * noise + share * samples
        network = self.network if training else self.average
        velocity = network(self._inputs(between, time, labels=labels), training=training)
        return {"loss": ops.mean(ops.square(ops.cast(velocity, "float32") - (samples - noise)))}

    def _after_step(self, values: dict[str, Tensor]) -> None:
        update_average(self.average, self.network, self.ema, self._steps)

    def _generate(self, noise: Tensor, labels: list[Tensor]) -> Tensor:
        size = 1.0 / self.steps

        def velocity(sample: Tensor, time: Tensor) -> Tensor:
            times = ops.broadcast_to(time, ops.shape(sample)[:1])
            made = self.average(self._inputs(sample, times, labels=labels), training=False)
            return ops.cast(made, "float32")

        def step(k: Tensor, sample: Tensor) -> Tensor:
            time = ops.cast(k, "float32") * size
            slope = velocity(sample, time)
            if self.solver == "heun":
                slope = (slope + velocity(sample + size * slope, time + size)) / 2
            return sample + size * slope

        return ops.fori_loop(0, self.steps, step, ops.reshape(noise, (-1, *self._sample_shape)))
