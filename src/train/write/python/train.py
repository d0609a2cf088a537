"""Trains one phase by TRL, for what its commands do not reach, and goes on from the last checkpoint when there is one.

    accelerate launch train.py METHOD --config FILE.yaml [--adapter FOLDER] [--chat-template FILE.jinja]

METHOD is sft, dpo, kto, grpo, distillation, cpo (SimPO) or orpo. The config is that of the commands of TRL, key for key.
With --adapter training goes on with that adapter, which methods with a reference model are then measured against.
"""

import argparse
import importlib
import os
import sys

from accelerate import PartialState
from datasets import load_dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.trainer_utils import get_last_checkpoint
from trl import DatasetMixtureConfig, ModelConfig, ScriptArguments, TrlParser
from trl import get_dataset, get_peft_config, get_quantization_config

# Where each trainer and its config come from, and the arguments that its command reads beside.
METHODS = {
    "sft": ("trl", "SFT"),
    "dpo": ("trl", "DPO"),
    "kto": ("trl", "KTO"),
    "grpo": ("trl", "GRPO"),
    "distillation": ("trl", "Distillation"),
    "cpo": ("trl.experimental.cpo", "CPO"),
    "orpo": ("trl.experimental.orpo", "ORPO"),
}


def rows(script, mixture, evaluates):
    """Rows to train on, and the held-out ones."""
    if mixture.datasets:
        splits = get_dataset(mixture)
    else:
        splits = load_dataset(script.dataset_name, name=script.dataset_config)
    return splits[script.dataset_train_split], splits[script.dataset_test_split] if evaluates else None


def model_of(model, training, adapter):
    """The model, with the adapter that is to be trained on where there is one already."""
    quantized = get_quantization_config(model)
    # Weights of few bits cannot be moved: each process loads them where it works.
    place = {"device_map": {"": PartialState().local_process_index}} if quantized else {}
    loaded = AutoModelForCausalLM.from_pretrained(
        model.model_name_or_path,
        revision=model.model_revision,
        trust_remote_code=getattr(training, "trust_remote_code", False),
        attn_implementation=model.attn_implementation,
        dtype=model.dtype,
        quantization_config=quantized,
        **place,
    )
    if adapter:
        from peft import PeftModel

        loaded = PeftModel.from_pretrained(loaded, adapter, is_trainable=True)
    return loaded


def reward(name):
    """A reward by the name that TRL has for it, or by module and function."""
    if "." not in name:
        return getattr(importlib.import_module("trl.rewards"), name)
    module, function = name.rsplit(".", 1)
    sys.path.insert(0, os.getcwd())
    return getattr(importlib.import_module(module), function)


def main():
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("method", choices=sorted(METHODS))
    own.add_argument("--adapter")
    own.add_argument("--chat-template")
    asked, rest = own.parse_known_args()
    package, stem = METHODS[asked.method]
    found = importlib.import_module(package)
    trainer_class, config_class = getattr(found, f"{stem}Trainer"), getattr(found, f"{stem}Config")
    if asked.method == "grpo":
        from trl.scripts.grpo import GRPOScriptArguments as Script
    else:
        Script = ScriptArguments
    # Keys of the launcher stand in the same file; they are no concern of the trainer.
    parser = TrlParser((Script, config_class, ModelConfig, DatasetMixtureConfig))
    script, training, model, mixture, _ = parser.parse_args_and_config(rest, return_remaining_strings=True)
    train, test = rows(script, mixture, training.eval_strategy != "no")

    tokenizer = AutoTokenizer.from_pretrained(
        asked.adapter if asked.adapter and os.path.exists(os.path.join(asked.adapter, "tokenizer_config.json")) else model.model_name_or_path,
        revision=None if asked.adapter else model.model_revision,
        trust_remote_code=getattr(training, "trust_remote_code", False),
    )
    if asked.chat_template:
        with open(asked.chat_template, encoding="utf-8") as file:
            tokenizer.chat_template = file.read()
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token

    more = {}
    if asked.method == "grpo":
        more["reward_funcs"] = [reward(name) for name in script.reward_funcs or []]
        if script.reward_model_name_or_path:
            more["reward_funcs"].append(script.reward_model_name_or_path)
    if asked.method == "distillation":
        more["teacher_model"] = training.teacher_model_name_or_path
        training.teacher_model_init_kwargs = {
            "revision": training.teacher_model_revision,
            "dtype": model.dtype,
            "attn_implementation": model.attn_implementation,
            **(training.teacher_model_init_kwargs or {}),
        }
    trainer = trainer_class(
        model=model_of(model, training, asked.adapter),
        args=training,
        train_dataset=train,
        eval_dataset=test,
        processing_class=tokenizer,
        peft_config=None if asked.adapter else get_peft_config(model),
        **more,
    )
    last = get_last_checkpoint(training.output_dir) if os.path.isdir(training.output_dir) else None
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(training.output_dir)


if __name__ == "__main__":
    main()
