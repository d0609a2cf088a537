"""Lays an adapter into the weights that it was trained beside, so that what comes after begins from one whole model.

    python merge.py BASE ADAPTER OUTPUT

The weights are loaded whole, also where the adapter was trained over weights of 4 bits: merging into those would keep
their rounding for good.
"""

import os
import sys

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer


def main(base, adapter, output):
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16)
    # The trainer saved the tokenizer beside the adapter, with the chat template that was trained.
    beside = os.path.exists(os.path.join(adapter, "tokenizer_config.json"))
    tokenizer = AutoTokenizer.from_pretrained(adapter if beside else base)
    if len(tokenizer) > model.get_input_embeddings().num_embeddings:
        model.resize_token_embeddings(len(tokenizer))
    merged = PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)
    # A model that learnt a chat template ends where its tokenizer says.
    if tokenizer.eos_token_id is not None:
        merged.config.eos_token_id = tokenizer.eos_token_id
        merged.generation_config.eos_token_id = tokenizer.eos_token_id
    merged.save_pretrained(output)
    tokenizer.save_pretrained(output)
    print(f"merged {adapter} into {base}: {output}")


if __name__ == "__main__":
    main(*sys.argv[1:4])
