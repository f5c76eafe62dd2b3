"""What became of parameters that older copies of params.yaml still have."""

RENAMED = {
    "autolabel.golden": "autolabel.golden_per_run",
    "judge.at_least": "judge.min_confidence",
    "judge.below": "judge.max_confidence",
    "judge.limit": "judge.max_prompt_tokens",
    "labeler.examples": "labeler.pack_example_weight",
    "monitor.alike": "monitor.same_question_cosine",
    "monitor.energy": "monitor.energy_alarm",
    "serving.faq_margin": "serving.faq_min_probability",
    "serving.faq_score": "serving.faq_min_probability",
    "router.examples": "router.pack_example_weight",
}
REMOVED = {
    "autolabel.neighbours": "nearest reviewed turns brought nothing; `benchmarks/labeling` still measures them",
    "autolabel.neighbours_below": "see autolabel.neighbours",
    "base.minutes": "base.steps and base.edge_steps alone decide when pretraining ends",
}
