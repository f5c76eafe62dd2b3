"""Every metric a report may hold: what it means and which way is better, one sorted line each.

The gate refuses names that are not here, and the report takes its titles from here. A metric of answers
is one function in ``text.py``, its line here, and its line in ``TEXT``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kefu.metrics.text import repetition, rouge_l, token_f1, tokens
from kefu.shop.part import Text


@dataclass(frozen=True)
class Metric:
    """``title`` says what is measured; without ``higher_is_better`` less is better."""

    title: Text
    higher_is_better: bool = True


METRICS: dict[str, Metric] = {
    "accuracy": Metric(Text(zh="意图判对的句子占比", en="share of turns with the right intent")),
    "accuracy_at_80": Metric(Text(zh="同上，只看最有把握的 80 %", en="the same on the most confident 80 %")),
    "agreement": Metric(
        Text(zh="边缘模型与中心模型回答的词元 F1", en="token F1 of the edge model's answers against the centre model's")
    ),
    "asked_model": Metric(Text(zh="黄金对话里只有模型能答的句数", en="golden turns that only a model could answer")),
    "claiming": Metric(
        Text(
            zh="说出金额、时间、姓名、联系方式、承诺或订单状态的回答占比",
            en="share of answers that state an amount, a time, a name, a contact, a promise or an order's state",
        )
    ),
    "ece": Metric(
        Text(zh="把握度的期望校准误差", en="expected calibration error of the confidence"), higher_is_better=False
    ),
    "edge_token_f1": Metric(
        Text(
            zh="边缘模型的回答与留出回答共有的词元（F1）",
            en="tokens that the edge model's answer shares with the held-out one (F1)",
        )
    ),
    "empty": Metric(Text(zh="一个词也没有的回答占比", en="share of answers without a word"), higher_is_better=False),
    "gain_over_constant": Metric(
        Text(zh="词元 F1 比最好的一句套话高多少", en="token F1 minus that of the best constant sentence")
    ),
    "gain_over_constant_low": Metric(
        Text(zh="它的 95 % 区间下端（成对自助抽样）", en="the lower end of its 95 % interval (paired bootstrap)")
    ),
    "grounded": Metric(
        Text(
            zh="凡有断言都有依据的回答占比；没有断言的算有依据",
            en="share of answers whose typed claims are all supported; who claims nothing is grounded",
        )
    ),
    "grounded_expected": Metric(
        Text(zh="同上，人给的留出回答", en="the same of the held-out answers, which people gave")
    ),
    "grounded_of_claiming": Metric(
        Text(zh="同上，只看有断言的回答（claiming）", en="the same among answers that state something (claiming)")
    ),
    "hit_at_1": Metric(Text(zh="第一条就找对条目的问题占比", en="share of questions whose entry is found first")),
    "hit_at_3": Metric(
        Text(zh="前三条里有对的条目的问题占比", en="share of questions whose entry is among the first three")
    ),
    "judge_agreement": Metric(
        Text(
            zh="评审对回答两两比较的结论里，裁判模型与之一致的占比",
            en="share of reviewers' verdicts on pairs of answers that the judge gives as well",
        )
    ),
    "judge_kappa": Metric(Text(zh="同上，扣除碰巧一致（Cohen's kappa）", en="the same beyond chance (Cohen's kappa)")),
    "judge_verdicts": Metric(
        Text(zh="评审和裁判模型都比较过的回答对数", en="pairs of answers that reviewers and the judge have judged")
    ),
    "kl": Metric(
        Text(
            zh="在 100 个通用问题上离基座的距离（每词元 nat）",
            en="distance from the base on 100 general questions (nats a token)",
        ),
        higher_is_better=False,
    ),
    "loss": Metric(
        Text(
            zh="留出回答每字的负对数似然（nat）", en="negative log-likelihood a character of the held-out answer (nats)"
        ),
        higher_is_better=False,
    ),
    "loss_seen": Metric(
        Text(zh="同上，只看训练集里原样有的回答", en="the same over answers that training has word by word"),
        higher_is_better=False,
    ),
    "loss_unseen": Metric(
        Text(zh="同上，只看训练集里没有的回答", en="the same over answers that training does not have word by word"),
        higher_is_better=False,
    ),
    "macro_f1": Metric(
        Text(zh="各意图 F1 的平均，少见的意图同样算", en="F1 averaged over intents, rare ones counting as much")
    ),
    "mrr": Metric(Text(zh="对的条目名次倒数的平均", en="mean reciprocal rank of the right entry")),
    "net_wins": Metric(
        Text(
            zh="裁判模型更喜欢中心模型的回答的占比，减去更喜欢冠军的占比",
            en="share of the centre's answers that the judge prefers, minus those of the champion's",
        )
    ),
    "net_wins_edge": Metric(Text(zh="同上，边缘模型的回答", en="the same of the edge model's answers")),
    "net_wins_edge_low": Metric(
        Text(zh="它的 95 % 区间下端（按顾客自助抽样）", en="the lower end of its 95 % interval (bootstrap by customer)")
    ),
    "net_wins_low": Metric(
        Text(
            zh="net_wins 的 95 % 区间下端（按顾客自助抽样）",
            en="the lower end of the 95 % interval of net_wins (bootstrap by customer)",
        )
    ),
    "repetition": Metric(
        Text(zh="回答里重复的四元组占比", en="share of repeated 4-grams in answers"), higher_is_better=False
    ),
    "rouge_l": Metric(
        Text(zh="与留出回答的最长公共子序列（F1）", en="longest common subsequence with the held-out answer (F1)")
    ),
    "seen": Metric(
        Text(zh="训练集里原样有的留出回答占比", en="share of held-out answers that training has word by word"),
        higher_is_better=False,
    ),
    "served": Metric(
        Text(
            zh="办成了事、也得到了答复的脚本顾客占比",
            en="share of scripted customers who are served, and told what they asked",
        )
    ),
    "success": Metric(Text(zh="结局如预期的黄金对话占比", en="share of golden conversations that end as they must")),
    "token_f1": Metric(Text(zh="与留出回答共有的词元（F1）", en="tokens shared with the held-out answer (F1)")),
    "token_f1_seen": Metric(
        Text(zh="同上，只看训练集里原样有的回答", en="the same over answers that training has word by word")
    ),
    "token_f1_unseen": Metric(
        Text(zh="同上，只看训练集里没有的回答", en="the same over answers that training does not have word by word")
    ),
    "turns": Metric(Text(zh="回答如预期的黄金对话句子占比", en="share of golden turns answered as they must be")),
    "withheld": Metric(
        Text(zh="被输出检查整段拦下的回答占比", en="share of answers of which the output guard lets nothing through"),
        higher_is_better=False,
    ),
    "wrong_writes": Metric(
        Text(zh="写入了没人要的东西的对话数", en="conversations in which something was written that nobody wanted"),
        higher_is_better=False,
    ),
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
