"""Trains one phase by unsloth, as its settings say, and goes on from the last checkpoint when there is one.

    python unsloth_train.py FILE.yaml

The file has parts that are handed on as they are: `from_pretrained` and `get_peft_model` to unsloth, `train` to the trainer
of TRL that unsloth speeds up. Beside them stand the method, the files of rows, and optionally a chat template.
"""

import importlib
import os
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    ASKED = yaml.safe_load(file)
os.environ.update({key: str(value) for key, value in (ASKED.get("env") or {}).items()})

# Unsloth changes transformers and TRL as it is imported, so it comes before both.
from unsloth import FastLanguageModel  # noqa: E402

from datasets import load_dataset  # noqa: E402
from transformers.trainer_utils import get_last_checkpoint  # noqa: E402

STEMS = {"sft": "SFT", "dpo": "DPO", "kto": "KTO", "cpo": "CPO", "orpo": "ORPO", "grpo": "GRPO"}


def found(name, method):
    """A trainer or its config: at the top of TRL, or among its experiments, depending on the version."""
    import trl

    if hasattr(trl, name):
        return getattr(trl, name)
    return getattr(importlib.import_module(f"trl.experimental.{method}"), name)


def number(text):
    """PyYAML takes 1e-5 for text."""
    return float(text)


def as_text(tokenizer, method):
    """What makes of one row the texts that all versions of the trainers read."""

    def render(messages, **more):
        return tokenizer.apply_chat_template(messages, tokenize=False, **more)

    def take(row):
        tools = {"tools": row["tools"]} if row.get("tools") else {}
        if method == "sft":
            messages = row["messages"] if row.get("messages") else row["prompt"] + row["completion"]
            return {"text": render(messages, **tools)}
        if isinstance(row["prompt"], str):
            return {}
        prompt = render(row["prompt"], add_generation_prompt=True, **tools)
        out = {"prompt": prompt}
        for side in ("chosen", "rejected", "completion"):
            if row.get(side) is not None:
                out[side] = render(row["prompt"] + row[side], **tools)[len(prompt) :]
        return out

    return take


def marks(tokenizer):
    """What stands before a question and before an answer, read off the template itself."""
    ask, say, again = ({"role": role, "content": text} for role, text in (("user", "QQ"), ("assistant", "AA"), ("user", "ZZ")))

    def render(messages, **more):
        return tokenizer.apply_chat_template(messages, tokenize=False, **more)

    answer = render([ask], add_generation_prompt=True)[len(render([ask])) :]
    both = render([ask, say, again])
    question = both[len(render([ask, say])) : both.index("ZZ")]
    return question, answer


def main():
    method = ASKED["method"]
    model, tokenizer = FastLanguageModel.from_pretrained(**ASKED["from_pretrained"])
    if ASKED.get("chat_template"):
        with open(ASKED["chat_template"], encoding="utf-8") as file:
            tokenizer.chat_template = file.read()
    if ASKED.get("get_peft_model"):
        asked = dict(ASKED["get_peft_model"])
        asked["use_gradient_checkpointing"] = asked.get("use_gradient_checkpointing") or False
        model = FastLanguageModel.get_peft_model(model, **asked)

    rows = load_dataset("json", data_files=ASKED["data"])
    if method != "grpo":
        keep = {"label"} if method == "kto" else set()
        columns = [name for name in rows["train"].column_names if name not in keep]
        gone = [name for name in columns if name not in ("prompt", "chosen", "rejected", "completion")]
        rows = rows.map(as_text(tokenizer, method), remove_columns=columns if method == "sft" else gone)

    config_class, trainer_class = found(f"{STEMS[method]}Config", method), found(f"{STEMS[method]}Trainer", method)
    train = dict(ASKED["train"])
    train["learning_rate"] = number(train["learning_rate"])
    if method == "sft":
        train["dataset_text_field"] = "text"
    elif hasattr(config_class, "max_prompt_length") and "max_length" in train:
        # Older trainers cut prompts at a length of their own.
        train.setdefault("max_prompt_length", train["max_length"] // 2 if method in ("cpo", "orpo") else None)
    more = {}
    if method == "grpo":
        sys.path.insert(0, os.getcwd())
        named = [name.rsplit(".", 1) for name in ASKED["reward_funcs"]]
        more["reward_funcs"] = [getattr(importlib.import_module(module), function) for module, function in named]
    trainer = trainer_class(
        model=model,
        args=config_class(**train),
        train_dataset=rows["train"],
        eval_dataset=rows["test"] if "test" in rows else None,
        processing_class=tokenizer,
        **more,
    )
    if method == "sft":
        from unsloth.chat_templates import train_on_responses_only

        given = ASKED.get("responses_only")
        question, answer = (given["instruction_part"], given["response_part"]) if given else marks(tokenizer)
        trainer = train_on_responses_only(trainer, instruction_part=question, response_part=answer)
    output = train["output_dir"]
    last = get_last_checkpoint(output) if os.path.isdir(output) else None
    trainer.train(resume_from_checkpoint=last)
    trainer.save_model(output)
    tokenizer.save_pretrained(output)


if __name__ == "__main__":
    main()
