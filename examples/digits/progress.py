"""A progress bar that knows how much time is left in all."""

import shutil
import sys
import time

import keras

WIDTH = 24  # of the bar; less where the terminal is narrow
HEADSTART = 30.0
"""Seconds of the expected pace that count beside those that were seen: the first seconds alone say little."""


def seconds_left(elapsed, expected_done, expected_left):
    """How long the rest takes, if it goes on at the pace that was seen so far.

    Args:
        elapsed: seconds so far.
        expected_done: how many of them were expected.
        expected_left: how many are expected for the rest.
    """
    return expected_left * (elapsed + HEADSTART) / (expected_done + HEADSTART)


def clock(seconds):
    """0:07, 3:20 or 1:02:05."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def in_words(seconds):
    """ "1 minute", "5 minutes", "1 hour 20 minutes": rounded up."""
    minutes = int(-(-seconds // 60))
    hours, rest = divmod(minutes, 60)
    count = lambda number, unit: f"{number} {unit}{'' if number == 1 else 's'}"
    if not hours:
        return count(max(minutes, 1), "minute")
    return f"{count(hours, 'hour')} {count(rest, 'minute')}" if rest else count(hours, "hour")


def bar(part, width=WIDTH):
    """[=====>......], `part` from 0 to 1."""
    filled = int(part * width)
    return f"[{('=' * filled + '>')[:width].ljust(width, '.')}]"


class Progress:
    """Shows which of several jobs runs, how far it is, and the time left for all.

    In a terminal it is one line that is drawn again; elsewhere (a file, a pipe) a line at each quarter of a job.

    Args:
        jobs: {name: expected seconds}, in their order.
        finished: names of those that an earlier run has finished.
        stream: where it is written.
        now: a function that gives the time in seconds.
    """

    def __init__(self, jobs, finished=(), stream=None, now=time.monotonic):
        self.jobs, self.stream, self._now = jobs, stream or sys.stdout, now
        self._numbers = {name: number for number, name in enumerate(jobs, 1)}
        self._left = {name: seconds for name, seconds in jobs.items() if name not in finished}
        self._done = 0.0  # expected seconds of the jobs that this run has finished
        self._start, self._drawn, self._quarter = now(), -1.0, -1
        self.running = None

    @property
    def expected(self):
        """Seconds that all jobs which are left are expected to take."""
        return sum(self._left.values())

    def begin(self, name):
        self.running, self._began, self._drawn, self._quarter = name, self._now(), -1.0, -1
        self.at(0.0)

    def at(self, part):
        """Part of the job that is done, from 0 to 1."""
        part = min(part, 1.0)
        terminal, quarter = self.stream.isatty(), int(4 * part)
        if self._now() - self._drawn < 0.2 if terminal else quarter in (self._quarter, 4):
            return
        self._drawn, self._quarter = self._now(), quarter
        text = self.line(part)
        self.stream.write(f"\r\033[K{text}" if terminal else f"{text}\n")
        self.stream.flush()

    def line(self, part):
        here = part * self.jobs[self.running]
        left = seconds_left(self._now() - self._start, self._done + here, self.expected - here)
        after = f" {part:4.0%}, {clock(left)} left in all".replace("%", " %")
        room = shutil.get_terminal_size().columns - len(self.title) - len(after) - 4
        return f"{self.title} {bar(part, min(max(room, 1), WIDTH))}{after}"

    @property
    def title(self):
        return f"{self._numbers[self.running]}/{len(self.jobs)} {self.running}"

    def end(self, result=""):
        """The running job is done; its line is replaced by its result and its seconds."""
        self.clear()
        took = clock(self._now() - self._began)
        self.stream.write(f"{self.title}: {result}{', ' if result else ''}{took}\n")
        self.stream.flush()
        self._done += self._left.pop(self.running)
        self.running = None

    def clear(self):
        """Takes the bar away, so that something else can be printed."""
        if self.stream.isatty():
            self.stream.write("\r\033[K")


class FitProgress(keras.callbacks.Callback):
    """Moves a `Progress` during `fit`.

    Args:
        progress: whose job runs.
        steps: of the whole training.
    """

    def __init__(self, progress, steps):
        super().__init__()
        self._progress, self._steps, self._step = progress, steps, 0

    def on_train_batch_end(self, batch, logs=None):
        self._step += 1
        self._progress.at(self._step / self._steps)

    def on_train_end(self, logs=None):
        self._progress.clear()
