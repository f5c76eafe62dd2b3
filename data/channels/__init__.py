"""Channels: one parser a source format. A new one is a file here and a line in ``CHANNELS``."""

from data.channels import jddc, kefu_jsonl, openai_messages, serving_log, sharegpt
from data.channels.base import Channel

CHANNELS: dict[str, Channel] = {
    "jddc": jddc.parse,
    "kefu_jsonl": kefu_jsonl.parse,
    "openai_messages": openai_messages.parse,
    "serving_log": serving_log.parse,
    "sharegpt": sharegpt.parse,
}
