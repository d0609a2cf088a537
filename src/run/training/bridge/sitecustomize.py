"""Stands between `stillroom train run` and a trainer built on transformers: Python imports it by itself at its start.

It changes nothing of what is trained. It lets a run go on from a checkpoint where the trainer's own command has no word
for that, writes the figures down unrounded with their steps, and ends training after a checkpoint when it is asked to.

Environment: STILLROOM_BRIDGE is a folder; in it `log.ndjson` (what happens, a JSON object a line) and `stop` (asks for the
end). STILLROOM_RESUME is the checkpoint to go on from. Without them, and in a Python without transformers, nothing happens.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDER = os.environ.get("STILLROOM_BRIDGE")
LIBRARIES = ("transformers", "trl", "peft", "torch", "accelerate", "datasets", "axolotl", "llamafactory", "unsloth",
             "bitsandbytes", "deepspeed")


def say(event, **more):
    # One write a line, so that a reader never finds half of two.
    line = json.dumps({"event": event, **more}, default=str) + "\n"
    with open(os.path.join(FOLDER, "log.ndjson"), "a", encoding="utf8") as file:
        file.write(line)


def versions():
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": sys.version.split()[0]}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            pass
    return found


def asked_to_stop():
    """Asks all processes of the training, so that they end at the same step."""
    asked = os.path.exists(os.path.join(FOLDER, "stop"))
    import torch

    many = torch.distributed
    if not (many.is_available() and many.is_initialized() and many.get_world_size() > 1):
        return asked
    device = "cuda" if many.get_backend() == "nccl" else "cpu"
    flag = torch.tensor([int(asked)], device=device)
    many.all_reduce(flag, op=many.ReduceOp.MAX)
    return bool(flag.item())


def bridge(module):
    from transformers.trainer_callback import TrainerCallback

    class Bridge(TrainerCallback):
        def on_train_begin(self, args, state, control, **kwargs):
            if state.is_world_process_zero:
                say("began", step=state.global_step, of=state.max_steps, versions=versions(),
                    best=bool(args.load_best_model_at_end))

        def on_log(self, args, state, control, logs=None, **kwargs):
            if state.is_world_process_zero:
                say("log", step=state.global_step, of=state.max_steps, figures=logs or {})

        def on_step_end(self, args, state, control, **kwargs):
            if asked_to_stop():
                control.should_save = True
                control.should_training_stop = True
            return control

        def on_train_end(self, args, state, control, **kwargs):
            if state.is_world_process_zero:
                say("ended", step=state.global_step, of=state.max_steps)

    train = module.Trainer.train

    def bridged(self, resume_from_checkpoint=None, *args, **kwargs):
        if not any(type(one).__name__ == "Bridge" for one in self.callback_handler.callbacks):
            self.add_callback(Bridge())
        # Once: a script that trains a second time in the same process means another training.
        resume = os.environ.pop("STILLROOM_RESUME", None)
        return train(self, resume_from_checkpoint or resume or None, *args, **kwargs)

    bridged.__wrapped__ = train
    module.Trainer.train = bridged


class Finder(importlib.abc.MetaPathFinder):
    """Bridges `transformers.trainer` as soon as somebody imports it, and not before: importing it takes seconds."""

    def find_spec(self, name, path=None, target=None):
        if name != "transformers.trainer":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def executed(module):
            execute(module)
            bridge(module)

        spec.loader.exec_module = executed
        return spec


if FOLDER:
    sys.meta_path.insert(0, Finder())

# Whatever `sitecustomize` stands behind this one in the path is run as it would have been.
sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != HERE]
behind = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
if behind is not None and behind.loader is not None:
    module = importlib.util.module_from_spec(behind)
    sys.modules["sitecustomize"] = module
    behind.loader.exec_module(module)
