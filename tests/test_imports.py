"""The house's rooms: who may import whom, and what importing the package costs."""

import ast
import importlib
import pathlib
import subprocess
import sys

import keras
import pytest

import keras_augsynth

PACKAGE = pathlib.Path(keras_augsynth.__file__).parent
# A room is a folder or a file of the package. Each sees itself, the version and these.
MAY_SEE = {
    "_version": set(),
    "ops": set(),
    "core": {"ops"},
    "data": {"ops", "core"},
    "layers": {"ops", "core", "data"},
    "synthesis": {"ops", "core", "data"},
    "losses": {"ops", "core"},
    "metrics": {"ops", "core"},
    "balancing": {"ops", "core", "data", "synthesis", "losses"},
    "callbacks": {"ops", "core", "data", "synthesis", "metrics", "balancing"},
    "export": {"core"},
    "tuning": {"core", "layers"},
    "presets": {"layers"},
    "__init__": {
        "core",
        "data",
        "layers",
        "synthesis",
        "losses",
        "metrics",
        "balancing",
        "callbacks",
        "export",
        "tuning",
        "presets",
    },
}
FOR_ALL = {"_version"}
# Of the synthesizers, callbacks and the balancer know the protocol and how seeds are drawn.
BY_PROTOCOL = {"balancing", "callbacks"}
PROTOCOL = {"synthesis.synthesizer", "synthesis.seeds"}


def room(module):
    """Of a module of the package, such as "core" for "keras_augsynth.core.policy"."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def is_module(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def imports(source, module):
    """The modules that a module's source imports, by their full names.

    `from keras_augsynth import layers` imports "keras_augsynth.layers", `from keras_augsynth import fuse` the package
    itself, since there is no such module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            if source.split(".")[0] != PACKAGE.name:
                yield source
                continue
            for alias in node.names:
                yield f"{source}.{alias.name}" if is_module(f"{source}.{alias.name}") else source
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            yield ast.literal_eval(node.args[0])


def modules():
    """(full name, source) of everything in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        # A folder's own module keeps its last part here, so that `from . import x` counts from the folder.
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts), path.read_text()


def forbidden(module, source):
    """What a module imports of the package and must not."""
    own = room(module)
    for name in imports(source, module):
        if name.split(".")[0] != PACKAGE.name:
            continue
        by_protocol = (
            own not in ("balancing", "callbacks") or room(name) != "synthesis" or name.partition(".")[2] in PROTOCOL
        )
        if room(name) not in MAY_SEE[own] | FOR_ALL | {own} or not by_protocol:
            yield name


def test_every_room_has_a_rule():
    assert {room(module) for module, _ in modules()} == set(MAY_SEE)


def test_imports_run_one_way():
    broken = {module: found for module, source in modules() if (found := list(forbidden(module, source)))}
    assert not broken, broken


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("core.policy", "from keras_augsynth import __version__", ""),
        ("core.policy", "def late():\n    import keras_augsynth", ""),
        ("core.policy", "from keras_augsynth import layers", ".layers"),
        ("core.policy", "from keras_augsynth.layers import RandomFlip", ".layers"),
        ("core.policy", "import keras_augsynth.tuning as t", ".tuning"),
        ("core.policy", "from .. import export", ".export"),
        ("core.policy", "from ..layers.any_kind import rescaling", ".layers.any_kind.rescaling"),
        ("core.policy", "import importlib\nimportlib.import_module('keras_augsynth.layers')", ".layers"),
        ("layers.__init__", "from ..synthesis import GAN", ".synthesis"),
        ("ops.color", "from keras_augsynth.core.checks import wrong", ".core.checks"),
        ("export", "from keras_augsynth import layers", ".layers"),
        ("tuning", "from keras_augsynth.synthesis.gan import GAN", ".synthesis.gan"),
        ("_version", "from keras_augsynth.ops import color", ".ops.color"),
        ("balancing.run", "from keras_augsynth.synthesis import GAN", ".synthesis"),
        ("callbacks.gan_health", "from keras_augsynth.synthesis import gan", ".synthesis.gan"),
        ("callbacks.gan_health", "from keras_augsynth import synthesis", ".synthesis"),
    ],
)
def test_a_forbidden_import_is_seen(module, source, found):
    assert list(forbidden(f"keras_augsynth.{module}", source)) == [f"keras_augsynth{found}"]


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("core.policy", "from keras_augsynth._version import __version__"),
        ("core.policy", "from . import pipeline\nfrom ..ops import color\nimport keras"),
        ("layers.__init__", "from .image import rescaling"),
        (
            "callbacks.gan_health",
            "from keras_augsynth import metrics\nfrom keras_augsynth.synthesis import seeds",
        ),
    ],
)
def test_what_is_allowed_is_not_forbidden(module, source):
    assert not list(forbidden(f"keras_augsynth.{module}", source))


def test_run_time_dependencies():
    allowed = {"keras", "tensorflow", "numpy", "keras_augsynth"} | set(sys.stdlib_module_names)
    extras = {
        "keras_augsynth.tuning": {"keras_tuner"},
        "keras_augsynth.core.figures": {"matplotlib"},
        "keras_augsynth.core.extras": {"pandas"},
    }  # leaves, which nobody imports: see the next test
    for module, source in modules():
        for name in imports(source, module):
            assert name.split(".")[0] in allowed | extras.get(module, set()), f"{module} imports {name}"
            assert not name.startswith("keras.src"), module


def test_importing_is_quick_and_quiet():
    """Counted, not timed: only our own modules come on top of Keras's."""
    script = """
import warnings; warnings.simplefilter("error")
import sys, keras, numpy
before = set(sys.modules)
import keras_augsynth
print(sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    added = set(ast.literal_eval(result.stdout)) - set(sys.stdlib_module_names)
    assert added == {"keras_augsynth"}, added


def test_extras_are_named_where_they_are_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_tuner", None)
    monkeypatch.delitem(sys.modules, "keras_augsynth.tuning", raising=False)
    monkeypatch.delitem(vars(keras_augsynth), "tuning", raising=False)
    message = r'keras_augsynth.tuning needs Keras Tuner. Install it with: pip install "keras_augsynth\[tuner\]"'
    with pytest.raises(ImportError, match=message):
        _ = keras_augsynth.tuning


def test_another_backend_is_told(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(ImportError, match=r"keras_augsynth needs .* TensorFlow backend\. Received: backend='jax'"):
        importlib.reload(keras_augsynth)
