"""Every metric a report may hold: what it means and which way is better, one sorted line each.

The gate refuses names that are not here, and the report takes its titles from here. A metric of answers
is one function in ``text.py``, its line here, and its line in ``TEXT``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kefu.metrics.text import repetition, rouge_l, token_f1, tokens


@dataclass(frozen=True)
class Metric:
    """``title`` says what is measured; without ``higher_is_better`` less is better."""

    title: str
    higher_is_better: bool = True


METRICS: dict[str, Metric] = {
    "accuracy": Metric("share of turns with the right intent"),
    "accuracy_at_80": Metric("the same on the most confident 80 %"),
    "agreement": Metric("token F1 of the edge model's answers against the centre model's"),
    "asked_model": Metric("golden turns that reached a model"),
    "claiming": Metric(
        "share of answers that state an amount, a time, a name, a contact, a promise or an order's state"
    ),
    "ece": Metric("expected calibration error of the confidence", higher_is_better=False),
    "edge_token_f1": Metric("tokens that the edge model's answer shares with the held-out one (F1)"),
    "empty": Metric("share of answers without a word", higher_is_better=False),
    "gain_over_constant": Metric("token F1 minus that of the best constant sentence"),
    "gain_over_constant_low": Metric("the lower end of its 95 % interval (paired bootstrap)"),
    "grounded": Metric("share of answers whose typed claims are all supported; who claims nothing is grounded"),
    "grounded_expected": Metric("the same of the held-out answers, which people gave"),
    "grounded_of_claiming": Metric("the same among answers that state something (claiming)"),
    "hit_at_1": Metric("share of questions whose entry is found first"),
    "hit_at_3": Metric("share of questions whose entry is among the first three"),
    "judge_agreement": Metric("share of reviewers' verdicts on pairs of answers that the judge gives as well"),
    "judge_kappa": Metric("the same beyond chance (Cohen's kappa)"),
    "judge_verdicts": Metric("pairs of answers that reviewers and the judge have judged"),
    "kl": Metric("distance from the base on 100 general questions (nats a token)", higher_is_better=False),
    "loss": Metric("negative log-likelihood a character of the held-out answer (nats)", higher_is_better=False),
    "loss_seen": Metric("the same over answers that training has word by word", higher_is_better=False),
    "loss_unseen": Metric("the same over answers that training does not have word by word", higher_is_better=False),
    "macro_f1": Metric("F1 averaged over intents, rare ones counting as much"),
    "mrr": Metric("mean reciprocal rank of the right entry"),
    "net_wins": Metric("share of the centre's answers that the judge prefers, minus those of the champion's"),
    "net_wins_edge": Metric("the same of the edge model's answers"),
    "net_wins_edge_low": Metric("the lower end of its 95 % interval (bootstrap by customer)"),
    "net_wins_low": Metric("the lower end of the 95 % interval of net_wins (bootstrap by customer)"),
    "repetition": Metric("share of repeated 4-grams in answers", higher_is_better=False),
    "rouge_l": Metric("longest common subsequence with the held-out answer (F1)"),
    "seen": Metric("share of held-out answers that training has word by word", higher_is_better=False),
    "served": Metric("share of scripted customers who are served, and told what they asked"),
    "success": Metric("share of golden conversations that end as they must"),
    "token_f1": Metric("tokens shared with the held-out answer (F1)"),
    "token_f1_seen": Metric("the same over answers that training has word by word"),
    "token_f1_unseen": Metric("the same over answers that training does not have word by word"),
    "turns": Metric("share of golden turns answered as they must be"),
    "withheld": Metric("share of answers of which the output guard lets nothing through", higher_is_better=False),
    "wrong_writes": Metric("conversations in which something was written that nobody wanted", higher_is_better=False),
}

# Suites that measure nothing unless params.yaml turns them on; the gate bounds them under `where_measured`.
OPTIONAL_SUITES = ("judge", "simulator_centre", "simulator_edge")

# Scored on every answer: (answer, held-out answer) → [0, 1].
TEXT: dict[str, Callable[[str, str], float]] = {
    "empty": lambda answer, _: float(not tokens(answer)),
    "repetition": lambda answer, _: repetition(answer),
    "rouge_l": rouge_l,
    "token_f1": token_f1,
}
