"""A small random Llama, and lm-evaluation-harness over it on the CPU: `model <dir> <seed> <texts>` or
`run <model> <tasks> <include path> <out> [limit]`, where a JSON file of replies by prompt stands for a model as well. The
command line of the harness prints a table at its end, for which it needs a package more; what it does before is done here
alike."""
import json
import os
import sys


def model(folder, seed, texts):
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>", "<pad>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(json.load(open(texts, encoding="utf-8")), trainer)
    named = dict(zip(("bos_token", "eos_token", "pad_token"), special))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named)
    torch.manual_seed(int(seed))
    shape = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=4)
    ends = dict(bos_token_id=0, eos_token_id=1, pad_token_id=2)
    # A random model of the usual spread answers alike whatever it is asked.
    config = LlamaConfig(vocab_size=len(fast), max_position_embeddings=512, initializer_range=0.3, **shape, **ends)
    LlamaForCausalLM(config).save_pretrained(folder)
    fast.save_pretrained(folder)


def scripted(file):
    from lm_eval.api.model import LM

    replies = json.load(open(file, encoding="utf-8"))

    class Scripted(LM):
        def generate_until(self, requests, **_):
            return [replies[request.args[0]] for request in requests]

        def loglikelihood(self, requests, **_):
            return [(0.0 if end.strip() == replies[start] else -99.0, False) for start, end in (r.args for r in requests)]

        def loglikelihood_rolling(self, requests, **_):
            return [-1.0 for _ in requests]

    return Scripted()


def run(folder, tasks, include, out, limit=None):
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    tracker = EvaluationTracker(output_path=out)
    results = lm_eval.simple_evaluate(
        model=scripted(folder) if folder.endswith(".json") else "hf",
        model_args=f"pretrained={folder},dtype=float32,max_length=512",
        tasks=tasks.split(","),
        task_manager=TaskManager(include_path=include, include_defaults=False),
        device="cpu",
        batch_size=8,
        limit=None if limit is None else int(limit),
        gen_kwargs={"max_gen_toks": 8},
        bootstrap_iters=10,
        evaluation_tracker=tracker,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for task in results["configs"]:
        tracker.save_results_samples(task_name=task, samples=samples[task])


os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
{"model": model, "run": run}[sys.argv[1]](*sys.argv[2:])
