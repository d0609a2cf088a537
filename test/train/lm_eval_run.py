"""
Runs a task of lm-evaluation-harness on a local model and leaves the same files as `lm-eval run`, which prints a table with
packages that cannot be had everywhere.

    python lm_eval_run.py MODEL FOLDER_OF_TASKS TASK[,TASK] OUTPUT
"""

import sys

from lm_eval import simple_evaluate
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager


def main(model, include, tasks, output):
    tracker = EvaluationTracker(output_path=output)
    results = simple_evaluate(
        model="hf",
        model_args={"pretrained": model, "device": "cpu", "dtype": "float32"},
        tasks=tasks.split(","),
        task_manager=TaskManager(include_path=include, include_defaults=False),
        apply_chat_template=True,
        batch_size=8,
        log_samples=True,
        evaluation_tracker=tracker,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for task in results["configs"]:
        tracker.save_results_samples(task_name=task, samples=samples[task])


if __name__ == "__main__":
    main(*sys.argv[1:])
