"""What a message says to the open question of a flow: yes, no, later, a value, another value."""

from __future__ import annotations

from kefu.intents.answers import AnswerClassifier
from kefu.shop.pack import Pack
from serving.dialogue.linking.linker import Linker
from serving.dialogue.reading.answers.addresses import AddressReader
from serving.dialogue.reading.answers.agreed import YesReader
from serving.dialogue.reading.answers.agreement import AgreementReader
from serving.dialogue.reading.answers.echoes import EchoReader
from serving.dialogue.reading.answers.order_items import ItemReader
from serving.dialogue.reading.answers.orders.reader import OrderReader
from serving.dialogue.reading.answers.refusals import RefusalReader
from serving.dialogue.reading.answers.same_address import SameAddressReader
from serving.dialogue.reading.answers.settled_case import SettledCaseReader
from serving.dialogue.reading.answers.values import ValueReader


class AnswerReader:
    """The readers of answers to one pack's flows."""

    def __init__(self, pack: Pack, linker: Linker, classifier: AnswerClassifier | None = None) -> None:
        self.addresses = AddressReader(pack)
        self.orders = OrderReader(pack, linker)
        self.same_address = SameAddressReader(pack, self.orders)
        self.items = ItemReader(pack, linker, self.orders)
        self.echoes = EchoReader(pack, linker, self.orders, self.items)
        self.values = ValueReader(pack, self.orders, self.items)
        self.agreement = AgreementReader(pack, linker, self.orders, self.values, classifier)
        self.settled = SettledCaseReader(pack, linker, self.orders)
        self.yes = YesReader(pack, linker, self.orders)
        self.refusals = RefusalReader(pack, self.orders)
