"""Channels: one parser a source format. A new one is a file here and a line in ``CHANNELS``."""

from data.channels import (
    alpaca,
    chatwoot,
    csv_table,
    jddc,
    kefu_jsonl,
    label_studio,
    openai_messages,
    serving_log,
    sharegpt,
    zendesk,
)
from data.channels.base import Channel

CHANNELS: dict[str, Channel] = {
    "alpaca": alpaca.parse,
    "chatwoot": chatwoot.parse,
    "csv": csv_table.parse,
    "jddc": jddc.parse,
    "kefu_jsonl": kefu_jsonl.parse,
    "label_studio": label_studio.parse,
    "openai_messages": openai_messages.parse,
    "serving_log": serving_log.parse,
    "sharegpt": sharegpt.parse,
    "zendesk": zendesk.parse,
}
