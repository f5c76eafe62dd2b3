"""What serving's parameters say of engines.

Apart from ``load.py``, which the stage `export` imports: an option of serving would otherwise export anew.
"""

from __future__ import annotations

from serving.engines.chat_engine import EngineSettings
from serving.engines.vllm.settings import VLLMSettings
from serving.params import Serving


def engine_settings(params: Serving) -> EngineSettings:
    """What ``params`` says of engines."""
    return EngineSettings(
        threads=params.engine_threads,
        chats=params.engine_chats,
        waiting=params.engine_waiting,
        timeout_s=params.engine_timeout_s,
        cache_gb=params.engine_cache_gb,
        vllm=VLLMSettings(**params.vllm.model_dump()) if params.centre_engine == "vllm" else None,
    )
