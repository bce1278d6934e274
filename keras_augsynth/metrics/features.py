"""`FeatureExtractor`: the space in which samples are compared, with a name that every result carries."""

from typing import Any, NamedTuple

import keras
import numpy as np

from keras_augsynth.core.checks import check_flag, check_integer, wrong
from keras_augsynth.metrics.arrays import check_classes, check_rows, check_samples, digest
from keras_augsynth.metrics.classifier import classifier, train


class FeatureExtractor:
    """Turns samples into rows of features: what the last layer with weights of a Keras model is given.

    Args:
        model: a built Sequential or functional model with one input, such as a classifier. It is not trained.
        layer: name of a layer whose output is taken instead. Axes between the first and the last are averaged.
        name: of the space, as results show it; None: the model's name and the number of features.
        inception: True says that the features are the 2048 of Inception v3 with its ImageNet weights. Only then is a
            Fréchet distance called FID.

    Raises:
        TypeError: for something that is not a built model.
        ValueError: for a model with several inputs, a layer that it does not have, or another number of features than
            Inception's where `inception` is True.

    Example:

    >>> extract = FeatureExtractor(model, name="mine")
    >>> extract(x).shape, extract.name
    ((12, 192), 'mine')
    >>> FeatureExtractor.pca(4).fit(np.eye(8)).name
    'pca4'
    """

    def __init__(
        self, model: keras.Model, layer: str | None = None, name: str | None = None, *, inception: bool = False
    ):
        if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
            raise wrong(self, "model", "be a Sequential or functional model that is built", model, TypeError)
        if len(model.inputs) != 1:
            raise wrong(self, "model", "have one input", len(model.inputs))
        if layer is None:
            weighted = [candidate for candidate in model.layers if candidate.weights]
            if not weighted:
                raise wrong(self, "layer", "be given: no layer of the model has weights", layer)
            output = weighted[-1].input
        else:
            names = [candidate.name for candidate in model.layers]
            if layer not in names:
                raise wrong(self, "layer", f"be one of {names}", layer)
            output = model.get_layer(layer).output
        if not isinstance(output, keras.KerasTensor):
            raise wrong(self, "layer", "have a single tensor to take features from", layer)
        self.model = keras.Model(model.inputs, output)
        self.name = f"{model.name}-{output.shape[-1]}" if name is None else name
        self.inception = check_flag(self, inception, "inception")
        if inception and output.shape[-1] != 2048:
            raise wrong(self, "inception", "be False for features other than the 2048 of Inception v3", inception)

    @staticmethod
    def pca(components: int = 64) -> "PrincipalComponents":
        """The first principal components of the real data, which need no training.

        They are scaled, all alike, to a mean variance of 1, so that distances do not hang on the data's units.
        It is fitted by `fit(x)`, or anew by each metric on its own real rows. Data that have fewer components give
        as many as there are, and the name says so.

        Args:
            components: how many at most, at least 1.
        """
        return PrincipalComponents(components)

    @classmethod
    def trained(
        cls, x: Any, y: Any, *, size: int = 64, steps: int = 600, batch_size: int = 64, seed: int = 0
    ) -> "FeatureExtractor":
        """The last hidden layer of a small network that has learned to tell the classes of real data apart.

        It is convolutional for sequences, images and volumes ("cnn64") and fully connected for rows ("mlp64").

        Args:
            x: real samples `(N, ...)`.
            y: integer labels `(N,)`.
            size: number of features.
            steps: of training.
            batch_size: rows in a step.
            seed: the same seed gives the same features.
        """
        owner = "FeatureExtractor.trained"
        x = check_samples(owner, x, "x")
        check_rows(owner, x, "x")
        y = check_classes(owner, x, y, "y")
        for argument, value in (("size", size), ("steps", steps), ("batch_size", batch_size)):
            check_integer(owner, value, argument, 1)
        seed = check_integer(owner, seed, "seed", 0, 2**31 - 1)
        model = train(classifier(x, int(y.max()) + 1, size=size, seed=seed), x, y, steps, batch_size, seed)
        return cls(model, name=f"{model.name}{size}")

    @property
    def fitted(self) -> bool:
        return True

    def fit(self, x: Any) -> "FeatureExtractor":
        """The extractor, fitted to real samples where it has something to fit: a model has not."""
        return self

    def __call__(self, x: Any) -> np.ndarray:
        """Features of samples `(N, ...)`, float64 `(N, d)`."""
        x = check_samples(self, x, "x")
        wanted = self.model.inputs[0].shape[1:]
        fits = len(wanted) == x.ndim - 1 and all(a in (None, b) for a, b in zip(wanted, x.shape[1:], strict=True))
        if not fits:
            raise wrong(self, "x", f"be samples of shape {tuple(wanted)}", x.shape)
        features = np.asarray(self.model.predict(x, batch_size=256, verbose=0), "float64")
        last = keras.config.image_data_format() == "channels_last"
        return features.mean(axis=tuple(range(1, features.ndim - 1) if last else range(2, features.ndim)))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the features depend on."""
        return digest(self.name, *self.model.get_weights())


class PrincipalComponents(FeatureExtractor):
    """See `FeatureExtractor.pca`."""

    def __init__(self, components: int = 64):
        self.components = check_integer("FeatureExtractor.pca", components, "components", 1)
        self.name = f"pca{components}"
        self.inception = False
        self._mean = self._axes = None

    @property
    def fitted(self) -> bool:
        return self._axes is not None

    def fit(self, x: Any) -> "PrincipalComponents":
        rows = check_rows("FeatureExtractor.pca", x, "x")
        if len(rows) < 2:
            raise wrong("FeatureExtractor.pca", "x", "have at least two rows to fit to", rows.shape)
        fitted = PrincipalComponents(min(self.components, rows.shape[1], len(rows) - 1))
        fitted._mean = rows.mean(axis=0)
        centered = rows - fitted._mean
        if len(rows) >= rows.shape[1]:
            axes = np.linalg.eigh(centered.T @ centered)[1][:, ::-1]
        else:
            axes = np.linalg.svd(centered, full_matrices=False)[2].T
        axes = axes[:, : fitted.components]
        scale = np.sqrt(np.mean((centered @ axes) ** 2))
        fitted._axes = axes / (scale if scale > 0.0 else 1.0)
        return fitted

    def __call__(self, x: Any) -> np.ndarray:
        if not self.fitted:
            raise wrong("FeatureExtractor.pca", "x", "come after `fit(x_real)`", "not fitted", RuntimeError)
        rows = check_rows("FeatureExtractor.pca", x, "x")
        if rows.shape[1] != len(self._mean):
            raise wrong("FeatureExtractor.pca", "x", f"have {len(self._mean)} values in a sample", rows.shape)
        return (rows - self._mean) @ self._axes

    @property
    def fingerprint(self) -> str:
        return digest(self.name, self._mean, self._axes) if self.fitted else digest(self.name)


class Space(NamedTuple):
    """What results need to know of where they were measured."""

    name: str
    inception: bool = False


def in_space(owner: str, features: Any, **sets: Any) -> tuple[Any, ...]:
    """(the space, each set as float64 rows in it); what can be fitted is fitted to the first set."""
    if isinstance(features, FeatureExtractor):
        fitted = features if features.fitted else features.fit(next(iter(sets.values())))
        space, arrays = Space(fitted.name, fitted.inception), {name: fitted(x) for name, x in sets.items()}
    elif features is None or isinstance(features, (str, Space)):
        arrays, space = sets, Space(features) if isinstance(features, str) else features
    else:
        raise wrong(owner, "features", "be a FeatureExtractor, the name of a space, or None", features, TypeError)
    rows = {name: check_rows(owner, x, name) for name, x in arrays.items()}
    first, *others = rows
    width = rows[first].shape[1]
    for name in others:
        if rows[name].shape[1] != width:
            raise wrong(owner, name, f"have as many features as `{first}`, {width}", rows[name].shape)
    return (space or Space(f"raw{width}"), *rows.values())
