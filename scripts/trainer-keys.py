"""Writes the lists of keys that configs of trainers are held against, `src/train/lint/keys/*.json`.

TRL and transformers are asked themselves: their config classes are read by introspection, in a Python that has them
installed. Of axolotl, LLaMA-Factory and unsloth only the source is needed, a checkout or a bare git folder: their classes
are read as text, nothing of them is imported or run. What is kept are facts: names, types, choices, defaults.

    python scripts/trainer-keys.py trl
    python scripts/trainer-keys.py axolotl <git folder> [commit]
    python scripts/trainer-keys.py llama-factory <git folder> [commit]
    python scripts/trainer-keys.py unsloth <git folder> [commit]
"""

import ast
import json
import os
import re
import subprocess
import sys

OUT = os.path.join(os.path.dirname(__file__), "..", "src", "train", "lint", "keys")


# ---- what is written ----


def plain(value):
    """A default as JSON; None where it is no plain value."""
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value if not isinstance(value, float) or value == value and abs(value) != float("inf") else None
    if isinstance(value, (list, tuple)) and all(isinstance(item, (bool, int, float, str)) for item in value):
        return list(value)
    return None


def entry(types, null=False, choices=None, default=None, of=None):
    """One key. `null` says that an empty value is one of its own; `of` names the classes of an object within."""
    out = {"type": sorted(set(types)) or ["any"]}
    if null:
        out["null"] = True
    if choices:
        out["choices"] = sorted(set(choices), key=str)
    if of:
        out["of"] = sorted(set(of))
    if default is not None:
        out["default"] = default
    return out


def write(name, head, commands, classes):
    """One line a key, so that a new version shows as a short difference."""
    out = ["{"]
    for key, value in head.items():
        out.append(f"  {json.dumps(key)}: {json.dumps(value)},")
    out.append('  "commands": {')
    out.append(",\n".join(f"    {json.dumps(k)}: {json.dumps(v)}" for k, v in commands.items()))
    out.append("  },")
    out.append('  "classes": {')
    bodies = []
    for cls, fields in classes.items():
        lines = ",\n".join(f"      {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(fields.items()))
        bodies.append(f"    {json.dumps(cls)}: {{\n{lines}\n    }}" if fields else f"    {json.dumps(cls)}: {{}}")
    out.append(",\n".join(bodies))
    out.append("  }")
    out.append("}")
    path = os.path.join(OUT, f"{name}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
    print(path, sum(len(fields) for fields in classes.values()), "keys")


# ---- types that stand in source as text ----


class Source:
    """Classes, enums, named types and constants of Python files, read as text."""

    def __init__(self, files):
        self.classes, self.names = {}, {}
        for text in files:
            for node in ast.parse(text).body:
                self.take(node)

    def take(self, node):
        if isinstance(node, ast.ClassDef):
            self.classes[node.name] = node
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self.names[node.targets[0].id] = node.value
        elif isinstance(node, ast.If):
            for inner in node.body + node.orelse:
                self.take(inner)

    def bases(self, name):
        """The class and what it inherits from, nearest first."""
        node = self.classes.get(name)
        if node is None:
            return []
        out = [name]
        for base in node.bases:
            if isinstance(base, ast.Name):
                out += [other for other in self.bases(base.id) if other not in out]
        return out

    def is_enum(self, name):
        node = self.classes.get(name)
        bases = [getattr(base, "id", getattr(base, "attr", "")) for base in node.bases] if node else []
        return any(base in ("Enum", "StrEnum") or self.is_enum(base) for base in bases)

    def values_of(self, name):
        out = []
        for item in self.classes[name].body:
            if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                plain_value = isinstance(item.value, ast.Constant) and isinstance(item.value.value, (str, int))
                out.append(item.value.value if plain_value else item.targets[0].id)
        return out

    def read(self, node, seen=()):
        """(types, null, choices, classes) of an annotation."""
        if node is None:
            return (["any"], False, [], [])
        if isinstance(node, ast.Constant):
            if node.value is None:
                return ([], True, [], [])
            if isinstance(node.value, str):
                return self.read(ast.parse(node.value, mode="eval").body, seen)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.join([self.read(node.left, seen), self.read(node.right, seen)])
        if isinstance(node, ast.Attribute):
            return (["str"], False, [], []) if node.attr == "dtype" else (["any"], False, [], [])
        if isinstance(node, ast.Name):
            name = node.id
            basic = {"str": "str", "int": "int", "float": "float", "bool": "bool", "dict": "dict", "list": "list"}
            basic |= {"Dict": "dict", "List": "list", "Mapping": "dict", "Sequence": "list"}
            if name in basic:
                return ([basic[name]], False, [], [])
            if name in self.classes and self.is_enum(name):
                return (["str"], False, self.values_of(name), [])
            if name in self.classes:
                return (["dict"], False, [], [name])
            if name in self.names and name not in seen:
                return self.read(self.names[name], (*seen, name))
            return (["any"], False, [], [])
        if isinstance(node, ast.Subscript):
            outer = getattr(node.value, "id", getattr(node.value, "attr", ""))
            inner = node.slice
            if outer == "Optional":
                types, _, choices, of = self.read(inner, seen)
                return (types, True, choices, of)
            if outer == "Union":
                return self.join([self.read(one, seen) for one in inner.elts])
            if outer == "Literal":
                items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                values = [item.value for item in items if isinstance(item, ast.Constant)]
                types = [{str: "str", bool: "bool", int: "int"}[type(v)] for v in values if v is not None]
                return (types, None in values, [v for v in values if v is not None], [])
            if outer == "Annotated":
                return self.read(inner.elts[0], seen)
            if outer in ("list", "List", "Sequence", "tuple"):
                first = inner.elts[0] if isinstance(inner, ast.Tuple) else inner
                _, _, choices, of = self.read(first, seen)
                return (["list"], False, choices, of)
            if outer in ("dict", "Dict", "Mapping"):
                return (["dict"], False, [], [])
        return (["any"], False, [], [])

    @staticmethod
    def join(parts):
        # Choices of one branch bind nobody where another takes any text.
        free = any("str" in types and not choices for types, _, choices, _ in parts)
        return (
            [t for types, *_ in parts for t in types],
            any(null for _, null, *_ in parts),
            [] if free else [c for *_, choices, _ in parts for c in choices],
            [name for *_, of in parts for name in of],
        )

    def fields(self, name):
        """Keys that a class and those it inherits from declare, with the classes that stand within."""
        out, within = {}, set()
        for one in reversed(self.bases(name)):
            for item in self.classes[one].body:
                if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
                    continue
                key, value = item.target.id, item.value
                if key in ("model_config",) or key.startswith("_"):
                    continue
                types, null, choices, of = self.read(item.annotation)
                default = None
                if isinstance(value, ast.Constant):
                    default = plain(value.value)
                elif isinstance(value, ast.Call):
                    words = {word.arg: word.value for word in value.keywords}
                    if isinstance(words.get("init"), ast.Constant) and words["init"].value is False:
                        continue
                    given = words.get("default")
                    if isinstance(given, (ast.Constant, ast.List, ast.UnaryOp)):
                        try:
                            default = plain(ast.literal_eval(given))
                        except ValueError:
                            default = None
                    if isinstance(words.get("alias"), ast.Constant):
                        out[words["alias"].value] = entry(types, null, choices, default, of)
                within |= set(of)
                out[key] = entry(types, null, choices, default, of)
        return out, within

    def all_fields(self, root):
        classes, waiting = {}, [root]
        while waiting:
            name = waiting.pop(0)
            if name in classes:
                continue
            classes[name], within = self.fields(name)
            waiting += sorted(within)
        return classes


def git(folder, *words):
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout


def files_of(folder, commit, under):
    names = git(folder, "ls-tree", "-r", "--name-only", commit, under).split()
    return [git(folder, "show", f"{commit}:{name}") for name in names if name.endswith(".py")]


def pinned(folder, commit):
    return git(folder, "rev-parse", commit).strip(), git(folder, "show", "-s", "--format=%cs", commit).strip()


# ---- TRL, asked itself ----


def introspected(cls, base=None):
    """Fields of a dataclass; with `base`, only those that it adds or declares otherwise."""
    import dataclasses
    import types
    import typing

    def known(annotation):
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, types.UnionType):
            return Source.join([known(arg) for arg in typing.get_args(annotation)])
        if annotation is type(None):
            return ([], True, [], [])
        if origin is typing.Literal:
            values = list(typing.get_args(annotation))
            return ([type(v).__name__ for v in values], False, values, [])
        if origin in (list, tuple) or annotation in (list, tuple):
            inner = [arg for arg in typing.get_args(annotation) if dataclasses.is_dataclass(arg)]
            return (["list"], False, [], [one.__name__ for one in inner])
        if origin is dict or annotation is dict:
            return (["dict"], False, [], [])
        if isinstance(annotation, type) and annotation in (str, int, float, bool):
            return ([annotation.__name__], False, [], [])
        if isinstance(annotation, type) and issubclass(annotation, str):
            return (["str"], False, [one.value for one in annotation], [])
        return (["any"], False, [], [])

    def default_of(field):
        if field.default is not dataclasses.MISSING:
            value = field.default
            return plain(getattr(value, "value", value))
        return plain(field.default_factory()) if field.default_factory is not dataclasses.MISSING else None

    hints = typing.get_type_hints(cls)
    theirs = {field.name: field for field in dataclasses.fields(base)} if base else {}
    hints_of_base = typing.get_type_hints(base) if base else {}
    out = {}
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        types_, null, choices, of = known(hints[field.name])
        choices = field.metadata.get("choices") or choices
        mine = entry(types_, null, choices, default_of(field), of)
        if field.name in theirs:
            types_, null, choices, of = known(hints_of_base[field.name])
            choices = theirs[field.name].metadata.get("choices") or choices
            if mine == entry(types_, null, choices, default_of(theirs[field.name]), of):
                continue
        out[field.name] = mine
    return out


def compared_with(cls, name):
    """Texts that the source of a trainer compares a setting with: the choices that its config class does not list."""
    import inspect

    out = set()
    for node in ast.walk(ast.parse(inspect.getsource(sys.modules[cls.__module__]))):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        if not any(getattr(side, "id", getattr(side, "attr", None)) == name for side in sides):
            continue
        for side in sides:
            for leaf in ast.walk(side):
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                    out.add(leaf.value)
    return sorted(out)


def trl():
    import accelerate
    import transformers
    import trl as package
    from accelerate.commands.launch import launch_command_parser
    from transformers import TrainingArguments
    from trl.experimental.cpo import CPOConfig, CPOTrainer
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer
    from trl.scripts.grpo import GRPOScriptArguments
    from trl.scripts.utils import DatasetConfig, DatasetMixtureConfig, ScriptArguments
    from trl.trainer.model_config import ModelConfig

    configs = {
        "sft": (package.SFTConfig, package.SFTTrainer),
        "dpo": (package.DPOConfig, package.DPOTrainer),
        "kto": (package.KTOConfig, package.KTOTrainer),
        "grpo": (package.GRPOConfig, package.GRPOTrainer),
        "rloo": (package.RLOOConfig, package.RLOOTrainer),
        "reward": (package.RewardConfig, package.RewardTrainer),
        "distillation": (package.DistillationConfig, package.DistillationTrainer),
        "cpo": (CPOConfig, CPOTrainer),
        "orpo": (ORPOConfig, ORPOTrainer),
    }
    launch = {}
    for action in launch_command_parser()._actions:
        if action.dest in ("help", "training_script", "training_script_args"):
            continue
        flag = action.nargs == 0
        types_ = ["bool"] if flag else [{int: "int", float: "float"}.get(action.type, "str"), "str"]
        launch[action.dest] = entry(types_, True, list(action.choices or []), plain(action.default))
    launch["accelerate_config"] = entry(["str"])
    classes = {
        "ScriptArguments": introspected(ScriptArguments),
        "GRPOScriptArguments": introspected(GRPOScriptArguments, ScriptArguments),
        "DatasetMixtureConfig": introspected(DatasetMixtureConfig),
        "DatasetConfig": introspected(DatasetConfig),
        "ModelConfig": introspected(ModelConfig),
        "TrainingArguments": introspected(TrainingArguments),
        "accelerate": launch,
        "env": {"env": entry(["dict"])},
    }
    # `trl env` and `trl vllm-serve` take no training config.
    scripts = ["DatasetMixtureConfig", "ModelConfig", "TrainingArguments", "env", "accelerate"]
    commands = {}
    for command, (config, trainer) in configs.items():
        name = config.__name__
        fields = introspected(config, TrainingArguments)
        if "loss_type" in fields and not fields["loss_type"].get("choices"):
            found = compared_with(trainer, "loss_type")
            if found:
                fields["loss_type"]["choices"] = found
        classes[name] = fields
        commands[command] = [name, "ScriptArguments", *(["GRPOScriptArguments"] if command in ("grpo", "rloo") else [])]
        commands[command] += scripts
    head = {
        "format": 1,
        "trainer": "trl",
        "version": package.__version__,
        "with": {"transformers": transformers.__version__, "accelerate": accelerate.__version__},
    }
    write(f"trl-{package.__version__}", head, commands, classes)


# ---- the others, read as text ----


def axolotl(folder, commit="HEAD"):
    commit, date = pinned(folder, commit)
    source = Source(files_of(folder, commit, "src/axolotl/utils/schemas"))
    version = git(folder, "show", f"{commit}:VERSION").strip()
    classes = source.all_fields("AxolotlInputConfig")
    # Names that a validator accepts although the annotation takes any text.
    attention = [ast.literal_eval(item) for item in source.names["CANONICAL_ATTN_IMPLS"].args[0].elts]
    classes["AxolotlInputConfig"]["attn_implementation"]["known"] = sorted(attention)
    classes["AxolotlInputConfig"]["chat_template"]["known"] = sorted(source.values_of("ChatTemplate"))
    head = {"format": 1, "trainer": "axolotl", "version": version, "commit": commit, "date": date}
    write(f"axolotl-{version}", head, {"train": ["AxolotlInputConfig"]}, classes)


def llama_factory(folder, commit="HEAD"):
    from transformers import Seq2SeqTrainingArguments

    commit, date = pinned(folder, commit)
    source = Source(
        files_of(folder, commit, "src/llamafactory/hparams")
        + [git(folder, "show", f"{commit}:src/llamafactory/extras/constants.py")]
    )
    env = git(folder, "show", f"{commit}:src/llamafactory/extras/env.py")
    version = re.search(r'VERSION = "([^"]+)"', env).group(1)
    names = ["ModelArguments", "DataArguments", "FinetuningArguments", "GeneratingArguments", "TrainingArguments"]
    classes = {name: source.fields(name)[0] for name in names}
    classes["Seq2SeqTrainingArguments"] = introspected(Seq2SeqTrainingArguments)
    templates = git(folder, "show", f"{commit}:src/llamafactory/data/template.py")
    listed = re.findall(r'register_template\(\s*name="([^"]+)"', templates)
    classes["DataArguments"]["template"]["choices"] = sorted(set(listed))
    command = [*names, "Seq2SeqTrainingArguments"]
    head = {"format": 1, "trainer": "llama-factory", "version": version, "commit": commit, "date": date}
    write(f"llama-factory-{version}", head, {"train": command, "export": command}, classes)


def unsloth(folder, commit="HEAD"):
    commit, date = pinned(folder, commit)

    def arguments(file, owner, name):
        tree = ast.parse(git(folder, "show", f"{commit}:{file}"))
        body = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == owner).body
        found = next(node for node in body if isinstance(node, ast.FunctionDef) and node.name == name).args
        rest = [None] * (len(found.args) - len(found.defaults)) + found.defaults
        out = {}
        for arg, default in zip(found.args, rest):
            if arg.arg in ("self", "model"):
                continue
            try:
                value = ast.literal_eval(default) if default is not None else None
            except ValueError:
                value = None
            kind = {bool: "bool", int: "int", float: "float", str: "str", list: "list", dict: "dict"}.get(type(value))
            types_ = ["any"] if kind is None else ["float", "int"] if kind == "float" else [kind]
            out[arg.arg] = entry(types_, True, None, plain(value))
        return out

    load = arguments("unsloth/models/loader.py", "FastLanguageModel", "from_pretrained")
    peft = arguments("unsloth/models/llama.py", "FastLlamaModel", "get_peft_model")
    peft["target_modules"]["type"] = ["list", "str"]
    version = re.search(r'__version__ = "([^"]+)"', git(folder, "show", f"{commit}:unsloth/_version.py")).group(1)
    head = {"format": 1, "trainer": "unsloth", "version": version, "commit": commit, "date": date}
    write(f"unsloth-{version}", head, {}, {"from_pretrained": load, "get_peft_model": peft})


if __name__ == "__main__":
    which, *rest = sys.argv[1:] or ["trl"]
    {"trl": trl, "axolotl": axolotl, "llama-factory": llama_factory, "unsloth": unsloth}[which](*rest)
