"""Compares two ways in which a model may write acts: Kefu's lines, and the tool calls of Qwen's chat template.

``python -m benchmarks.acts MODEL_FOLDER [--minutes 20]``: tokens of the true acts of ``messages.yaml``, then how
often the model writes them, prompted with the pack's examples, free and inside a grammar. Greedy; what is compared is
the format, not the model. Ask and Recommend count by their kind alone: their words are free.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import torch
import yaml
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM

from benchmarks.acts.tool_calls import read_tool_calls, tool_call_grammar, tool_calls, tools_prompt
from benchmarks.acts.untaught import with_names
from kefu.acts import Act, Ask, Recommend, kind
from kefu.llm.acts_format import BadActs, acts_grammar, parse, render
from kefu.llm.prompt import acts_messages
from kefu.paths import ROOT
from kefu.shop.pack import Pack, load_pack
from kefu.shop.slots import language
from serving.engines.token_grammar import GrammarState, GrammarTokens

LIMIT = {"lines": 48, "tool calls": 110}  # new tokens: above every true text of messages.yaml


class Model:
    """A model that keeps the cache of each prompt's beginning, so that a message costs its own tokens only."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # float32: CPUs without bfloat16 emulate it, many times slower.
        loaded: Any = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, dtype=torch.float32)
        self.model = loaded.eval()
        end = self.tokenizer.token_to_id("<|im_end|>")
        assert end is not None
        self.end = end
        self.grammars = GrammarTokens(self.tokenizer, self.end, int(loaded.config.vocab_size))
        self._caches: dict[str, Any] = {}

    def ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def write(self, system: str, user: str, limit: int, grammar: GrammarState | None) -> str:
        """The assistant's message, greedily."""
        cache = copy.deepcopy(self._cache(system))
        inputs, written = torch.tensor([self.ids(f"user\n{user}<|im_end|>\n<|im_start|>assistant\n")]), list[int]()
        while len(written) < limit:
            with torch.inference_mode():
                output = self.model(input_ids=inputs, past_key_values=cache, use_cache=True, logits_to_keep=1)
                logits = output.logits[:, -1]
                token = int((grammar.masked(logits) if grammar else logits).argmax(-1))
            if token == self.end:
                break
            if grammar:
                grammar.take(token)
            written.append(token)
            inputs = torch.tensor([[token]])
        return str(self.tokenizer.decode(written, skip_special_tokens=False))

    def _cache(self, system: str) -> Any:
        if system not in self._caches:
            ids = torch.tensor([self.ids(f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>")])
            with torch.inference_mode():
                self._caches[system] = self.model(input_ids=ids, use_cache=True, logits_to_keep=1).past_key_values
        return self._caches[system]


def comparable(acts: list[Act]) -> Counter[str]:
    """What acts mean, without free words and order."""
    return Counter(kind(act) if isinstance(act, Ask | Recommend) else render([act]) for act in acts)


def prompts(pack: Pack, lang: str, user: str, way: str) -> tuple[str, str]:
    """System and user message of one way of writing."""
    system, asked = acts_messages(with_names(pack), lang, "")[0].content, f"open: {user}"
    return (system, asked) if way == "lines" else (tools_prompt(pack, lang, system), asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--minutes", type=float, default=20, help="accuracy stops after so many, at a whole message")
    parser.add_argument("--tokens-only", action="store_true")
    parser.add_argument("--ways", nargs="+", default=list(LIMIT), choices=list(LIMIT), help="whose accuracy")
    args = parser.parse_args()
    pack = load_pack(ROOT / "shop")
    rows = yaml.safe_load((Path(__file__).parent / "messages.yaml").read_text(encoding="utf8"))
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    count_tokens(pack, rows, tokenizer)
    if not args.tokens_only:
        measure(pack, rows, Model(args.model), args.minutes, args.ways)


def count_tokens(pack: Pack, rows: list[dict[str, str]], tokenizer: Tokenizer) -> None:
    def size(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False).ids)

    print(f"{len(rows)} messages, {sum(language(row['say']) == 'zh' for row in rows)} of them Chinese")
    for way, write in (("lines", render), ("tool calls", tool_calls)):
        sizes = sorted(size(write(parse(row["acts"]))) for row in rows)
        prompt = [size(prompts(pack, lang, "-\nx", way)[0]) for lang in ("zh", "en")]
        print(
            f"{way}: {sum(sizes) / len(sizes):.1f} tokens a message, most {sizes[-1]}, "
            f"prompt zh {prompt[0]}, en {prompt[1]}"
        )


def measure(pack: Pack, rows: list[dict[str, str]], model: Model, minutes: float, ways: list[str]) -> None:
    grammars = {"lines": acts_grammar(pack), "tool calls": tool_call_grammar(pack)}
    found: dict[tuple[str, bool], list[dict[str, float]]] = defaultdict(list)
    started, until = time.process_time(), time.monotonic() + 60 * minutes
    for row in [row for index, row in enumerate(rows) if index % 5 in (1, 3)]:
        if time.monotonic() > until:
            break
        truth, lang = comparable(parse(row["acts"])), language(row["say"])
        for way in ways:
            system, asked = prompts(pack, lang, f"{row.get('open', '-')}\n{row['say']}", way)
            for bound in (False, True):
                state = model.grammars.begin(grammars[way]) if bound else None
                begun = time.process_time()
                text = model.write(system, asked, LIMIT[way], state)
                try:
                    read = comparable(parse(text) if way == "lines" else read_tool_calls(text))
                    readable = 1.0
                except BadActs:
                    read, readable = Counter(), 0.0
                spent = time.process_time() - begun
                right = sum((read & truth).values())
                kinds = Counter(a.split(" ")[0] for a in read), Counter(a.split(" ")[0] for a in truth)
                found[way, bound].append(
                    {
                        "readable": readable,
                        "exact": float(read == truth),
                        "kind": float(kinds[0] == kinds[1]),
                        "right": right,
                        "written": sum(read.values()),
                        "true": sum(truth.values()),
                        "tokens": len(model.ids(text)),
                        "cpu": spent,
                    }
                )
                print(json.dumps([way, bound, row["say"], text], ensure_ascii=False), flush=True)
    for (way, bound), some in found.items():
        total = {name: sum(one[name] for one in some) for name in some[0]}
        share = {name: total[name] / len(some) for name in ("readable", "exact", "kind", "tokens", "cpu")}
        f1 = 2 * total["right"] / max(1, total["written"] + total["true"])
        print(
            f"{way}{' in grammar' if bound else ''}: n {len(some)}, readable {share['readable']:.2f}, exact "
            f"{share['exact']:.2f}, kinds {share['kind']:.2f}, F1 of acts {f1:.2f}, {share['tokens']:.1f} tokens, "
            f"{share['cpu']:.1f} CPU s a message"
        )
    print(f"{time.process_time() - started:.0f} CPU s")


if __name__ == "__main__":
    main()
