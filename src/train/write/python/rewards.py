"""Rewards of GRPO from what a row can be checked against: 1 for right, 0 for wrong, nothing where this file cannot tell.

Rows carry `verifier`, an object or its JSON with the kind of check, and `solution`. Numbers, texts and patterns are checked
here; programs, schemas and calls of tools are not run in a trainer, and mathematics beyond numbers is best left to
`accuracy_reward` of TRL.
"""

import json
import re
import unicodedata
from decimal import Decimal, InvalidOperation

STATED = re.compile(r"^[ \t>*_#-]*(?:(?:final )?answer|答え|回答|解答)[*_]*[ \t]*[:：][*_]*[ \t]*(.+)$", re.I | re.M)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def said(completion):
    """The text of an answer, without the reasoning before it."""
    text = completion if isinstance(completion, str) else completion[-1].get("content") or ""
    return text.rsplit("</think>", 1)[-1]


def final(text):
    """What stands in the last boxed place, after the last `Answer:`, or on the last line."""
    start = text.rfind("\\boxed{")
    if start >= 0:
        depth = 0
        for place in range(start + 6, len(text)):
            depth += (text[place] == "{") - (text[place] == "}")
            if depth == 0:
                return text[start + 7 : place]
    stated = STATED.findall(text)
    if stated:
        return stated[-1]
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def plain(text):
    """The same answer in the same letters."""
    out = unicodedata.normalize("NFKC", str(text))
    out = re.sub(r"[*_`$]|\\[()\[\],;! ]|\\(?:text|mathrm|left|right)\b|[{}]", "", out).strip()
    out = re.sub(r"[.。、,!;]+$", "", out)
    out = re.sub(r"(?<=\d),(?=\d{3}(?:\D|$))", "", out)
    return re.sub(r"\s+", " ", out).lower().strip()


def number(text):
    found = NUMBER.findall(plain(text))
    try:
        return Decimal(found[-1]) if found else None
    except InvalidOperation:
        return None


def check(text, verifier, solution):
    """1.0, 0.0, or None where it cannot be told."""
    kind = verifier.get("kind") or "exact"
    if kind == "regex":
        pattern = verifier.get("pattern") or solution
        if not pattern:
            return None
        flags = sum({"i": re.I, "m": re.M, "s": re.S}.get(flag, 0) for flag in verifier.get("flags") or "")
        found = (re.fullmatch if verifier.get("whole") else re.search)(pattern, text.strip(), flags)
        return 1.0 if found else 0.0
    accepted = [*([solution] if solution is not None else []), *(verifier.get("accept") or [])]
    if not accepted:
        return None
    if kind in ("number", "numeric"):
        wanted, given = number(solution), number(final(text))
        if wanted is None or given is None:
            return None if wanted is None else 0.0
        slack = max(Decimal(str(verifier.get("tolerance") or 0)), abs(wanted) * Decimal(str(verifier.get("relative") or 0)))
        return 1.0 if abs(wanted - given) <= slack else 0.0
    if kind in ("exact", "exact_match", "choice", "multiple_choice", "maths", "math"):
        given = {plain(text), plain(final(text))}
        if any(plain(one) in given or plain(final(str(one))) in given for one in accepted):
            return 1.0
        # Formulas of one value have many forms, and a choice may be said by letter or text: another text proves nothing.
        return 0.0 if kind in ("exact", "exact_match") else None
    return None


def verified(completions, solution=None, verifier=None, **_):
    """The reward of each completion by its row's own check."""
    out = []
    for index, completion in enumerate(completions):
        given = verifier[index] if verifier else None
        if isinstance(given, str):
            given = json.loads(given) if given.lstrip().startswith("{") else {"kind": given}
        out.append(check(said(completion), given or {}, solution[index] if solution else None))
    return out


def prompts(cfg, **_):
    """Rows as axolotl hands them to this file: the prompt as it is, and all that the rewards read beside it."""

    def take(row, tokenizer=None):
        return {"prompt": row["prompt"]}

    return take
