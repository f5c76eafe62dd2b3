"""Where each stage writes, relative to the project's root: the arrows of the loop.

``dvc.yaml`` names the same paths; ``tests/graph`` proves that the two agree.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PARAMS = ROOT / "params.yaml"

RAW = ROOT / "store/raw"  # <source>/dt=YYYY-MM-DD/*, written by channels and by serving
REVIEWED = ROOT / "store/reviewed"  # *.jsonl of Label and history/ of annotations: what people said before this run
CHAMPION = ROOT / "store/champion.json"  # which champion this run starts from and is compared with
FROZEN = ROOT / "store/frozen"  # <month>.<content hash>/: held-out questions that never change (kefu day writes them)
FORGOTTEN = ROOT / "store/forgotten.jsonl"  # signed ledger of forgotten people (docs/guides/forget.md); may be missing

STORE = ROOT / "store"
CODE = STORE / "code.json"  # stage → fingerprint of the code it runs
DIALOGUES = STORE / "dialogues"  # dt=YYYY-MM-DD/{dialogues.parquet,quarantine.jsonl,partition.json}
CORPUS = STORE / "corpus"  # chats.jsonl: what the tiny base models are pretrained on
BASE = STORE / "base"  # {centre,edge}/ Hugging Face folders (edge: starting point), base.json
LABELER = STORE / "labeler"
JUDGE = STORE / "judge"  # opinions.jsonl (Opinion): what the centre model thinks of some turns; empty when not asked
LABELS = STORE / "labels"  # {accepted,signals}.jsonl (Label), queue.jsonl (ReviewTask), audited.jsonl, report.html
MONITOR = STORE / "monitor"  # dt=YYYY-MM-DD.html, the profile of each day; days/ is its cache
REVIEW = STORE / "review"  # labels.jsonl (Label): all labels by people; agreement.json
SETS = STORE / "sets"  # router.jsonl (IntentExample), {sft,replay}.jsonl (Example), preferences.jsonl, retrieval.jsonl
ROUTER = STORE / "router"
RETRIEVER = STORE / "retriever"
ADAPTER = STORE / "adapter"
EDGE = STORE / "edge"
RELEASE = STORE / "release"  # what serving loads, with manifest.json
EVALUATION = STORE / "evaluation"  # report.html, predictions.jsonl, reports.json
METRICS = STORE / "metrics"  # <stage>.json: all figures; headline/<stage>.json: DVC metrics
PLOTS = STORE / "plots"  # <stage>/*.csv, DVC plots
PROMOTION = STORE / "promotion.json"  # the gate's verdict, row by row
RUNTIME = STORE / "runtime"  # demo shop database, Milvus file, Valkey socket: live state, not DVC's
CHECKPOINTS = RUNTIME / "checkpoints"  # <stage>/<hash of its inputs>/: of trainings that did not end
