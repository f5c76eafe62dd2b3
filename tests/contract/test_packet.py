"""What consoles of others rely on: the packet of a case has the schema that is checked in, and no other."""

from __future__ import annotations

import json

from kefu.paths import ROOT
from serving.dialogue.people.packet import Packet

SCHEMA = ROOT / "docs" / "reference" / "packet.schema.json"


def test_the_packet_has_the_schema_that_is_checked_in() -> None:
    """A change here is a change for each console: write the file anew, and say so in docs/guides/upgrade.md."""
    assert json.loads(SCHEMA.read_text(encoding="utf8")) == Packet.model_json_schema()
