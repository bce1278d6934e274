"""The house's rooms: who may import whom, and what importing the package costs."""

import ast
import pathlib
import subprocess
import sys

import keras_augsynth

PACKAGE = pathlib.Path(keras_augsynth.__file__).parent
# Each room sees itself and these.
MAY_SEE = {
    "ops": set(),
    "core": {"ops"},
    "layers": {"ops", "core"},
    "synthesis": {"ops", "core"},
    "losses": {"ops", "core"},
    "metrics": {"ops", "core"},
    "callbacks": {"ops", "core", "synthesis", "metrics", "losses"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_imports_run_one_way():
    for room, seen in MAY_SEE.items():
        for path in (PACKAGE / room).rglob("*.py"):
            for name in imports(path):
                if name.startswith("keras_augsynth."):
                    assert name.split(".")[1] in seen | {room}, f"{path.name} imports {name}"


def test_callbacks_know_the_protocol_only():
    for path in (PACKAGE / "callbacks").rglob("*.py"):
        for name in imports(path):
            assert not name.startswith("keras_augsynth.synthesis.") or name.rsplit(".")[-1] in {"synthesizer", "seeds"}


def test_run_time_dependencies():
    allowed = {"keras", "tensorflow", "numpy", "keras_augsynth"} | set(sys.stdlib_module_names)
    extras = {
        "tuning.py": {"keras_tuner"},
        "figures.py": {"matplotlib"},
    }  # leaves, which nobody imports: see the next test
    for path in PACKAGE.rglob("*.py"):
        for name in imports(path):
            assert name.split(".")[0] in allowed | extras.get(path.name, set()), f"{path.name} imports {name}"
            assert not name.startswith("keras.src"), path.name


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


def test_extras_are_named_where_they_are_missing():
    script = """
import sys; sys.modules["keras_tuner"] = None
import keras_augsynth
keras_augsynth.tuning
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (
        'keras_augsynth.tuning needs Keras Tuner. Install it with: pip install "keras_augsynth[tuner]"' in result.stderr
    )


def test_another_backend_is_told():
    script = "import keras; keras.config.backend = lambda: 'jax'; import keras_augsynth"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "keras_augsynth needs Keras's TensorFlow backend. Received: backend='jax'" in result.stderr
