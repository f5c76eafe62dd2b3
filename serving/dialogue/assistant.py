"""One customer's message in, one answer out: the conversation of Kefu.

Normalise, redact, read the acts, plan, answer, remember, log: in this order, under the session's lock. Everything
loaded here comes from one release folder, which ``kefu.registry.seal`` has proven to be the evaluated one;
evaluation opens the same class on the same folder. How messages travel is ``serving/api``'s matter.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

from kefu.acts import kind
from kefu.errors import KefuError
from kefu.intents.answers import AnswerClassifier, load_with_wishes
from kefu.intents.router import Router
from kefu.intents.wishes import WishClassifier
from kefu.knowledge.entries import questions
from kefu.llm.cascade import Cascade
from kefu.llm.engine import Engine, LoadedEngine
from kefu.shop.pack import Pack, load_pack
from kefu.shop.part import Lang
from serving.conversation_log import ConversationLog
from serving.dialogue.catalogue.advisor import ProductAdvisor
from serving.dialogue.flow import FlowEngine, FlowError, Visit
from serving.dialogue.linking.linker import Linker
from serving.dialogue.linking.records import Order
from serving.dialogue.messages import check_text
from serving.dialogue.model_answer import ModelAnswer
from serving.dialogue.order_choice import OrderChoice
from serving.dialogue.people.desk import Desk
from serving.dialogue.policy.plan import OpenQuestion, Situation, plan
from serving.dialogue.pricing.quote import Pricing
from serving.dialogue.queries import Queries
from serving.dialogue.reading.answers.reader import AnswerReader
from serving.dialogue.reading.fast_reader import FastReader
from serving.dialogue.reading.language import language_of
from serving.dialogue.reading.message import Message, Reader, Reading
from serving.dialogue.reading.model_reader import CascadeReader, ModelReader, languages_read
from serving.dialogue.reading.script import script_of
from serving.dialogue.reading.wishes.reader import WishReader
from serving.dialogue.reply import Reply
from serving.dialogue.responder.responder import Responder
from serving.dialogue.session_texts import SessionTexts
from serving.dialogue.shop_answers import ShopAnswers
from serving.dialogue.turn import TurnState
from serving.dialogue.turn_record import TurnRecorder, first_answer
from serving.engines.load import close_engines, load_engines
from serving.engines.settings import engine_settings
from serving.knowledge.live import LiveKnowledge
from serving.knowledge.static import StaticKnowledge
from serving.params import Serving
from serving.sessions.limits import limits_of
from serving.sessions.session import SaidTurn, Session
from serving.sessions.store import Held, Sessions
from serving.sessions.valkey import Store, open_store
from serving.tools.demo_database import demo_shop
from serving.tools.shop_db import ToolBox

logger = logging.getLogger(__name__)
KEPT_PRODUCTS = 4  # that "it" may mean


class Assistant:
    """Answers messages. Safe to use from several threads; one session's messages come one by one.

    desk: what people who answer customers do.
    models_read: whether a language model reads what the fast reader is unsure of.
    """

    def __init__(
        self,
        pack: Pack,
        router: Router,
        knowledge: StaticKnowledge,
        sessions: Sessions,
        engines: Mapping[str, Engine],
        tools: ToolBox,
        params: Serving,
        log: ConversationLog | None = None,
        wish_classifier: WishClassifier | None = None,
        answer_classifier: AnswerClassifier | None = None,
        cascade: Cascade | None = None,
        model_languages: Sequence[Lang] = (),
    ) -> None:
        self.pack, self.engines, self.tools, self.sessions = pack, engines, tools, sessions
        self._knowledge, self._params, self.log = knowledge, params, log
        self._zone = ZoneInfo(pack.shop.timezone)
        self._store: Store | None = None
        self._own_engines: Mapping[str, LoadedEngine] = {}
        self._linker, queries, advisor = Linker(pack, tools), Queries(pack, tools), ProductAdvisor(pack, tools)
        self.texts = SessionTexts(pack, self._linker)
        answers = AnswerReader(pack, self._linker, answer_classifier)
        wishes = WishReader(pack, params, knowledge, self._linker, queries, advisor, _pricing(pack, tools), answers)
        self._fast_reader = FastReader(
            pack, router, wish_classifier, self._linker, answers, wishes, params.router_confidence
        )
        self._reader: Reader = self._fast_reader
        self.models_read = bool(params.model_reader and model_languages)
        if self.models_read:
            by_model = ModelReader(pack, params, engines, knowledge, self._linker, model_languages)
            self._reader = CascadeReader(self._reader, by_model, params)
        model = ModelAnswer(pack, params, engines, knowledge, LiveKnowledge(pack, tools), cascade)
        shop_answers = ShopAnswers(pack, tools, queries, advisor)
        self._flows = FlowEngine(pack, tools)
        versions = {flow.name: flow.version for flow in pack.flows}
        self._record = TurnRecorder(self.texts, knowledge, self._zone, versions, params.faq_min_probability, log)
        self.desk = Desk(pack, sessions, self.texts.redactor, params.max_message_chars, log)
        self._responder = Responder(pack, self._flows, OrderChoice(pack), shop_answers, model)

    @classmethod
    def open(
        cls,
        release: Path,
        runtime: Path,
        params: Serving,
        *,
        sessions: Sessions | None = None,
        engines: Mapping[str, Engine] | None = None,
        log: ConversationLog | None = None,
    ) -> Assistant:
        """Loads a release.

        Args:
            release: a verified release folder (``kefu.registry.seal.verify``).
            runtime: where the shop database and the vector index live.
            sessions: where sessions live; by default an embedded store that ``close`` stops.
            engines: 'edge' and 'centre'; by default those of the release.
            log: the conversation log; none for evaluation.
        """
        pack = load_pack(release / "pack")
        store = None if sessions else open_store()
        own = load_engines(release, engine_settings(params)) if engines is None else {}
        wishes, answers = load_with_wishes(release / "router")
        assistant = cls(
            pack=pack,
            router=Router.load(release / "router"),
            knowledge=StaticKnowledge.open(release / "retriever", runtime, questions(pack), params.milvus_from),
            sessions=sessions or Sessions(store.url if store else "", params.session_ttl_s, limits_of(params)),
            engines=own if engines is None else engines,
            tools=ToolBox(pack, demo_shop(release / "pack", runtime)),
            params=params,
            log=log,
            wish_classifier=wishes,
            answer_classifier=answers,
            cascade=Cascade.load(release),
            model_languages=languages_read(release, pack) if params.model_reader else (),
        )
        assistant._store, assistant._own_engines = store, own
        return assistant

    def close(self) -> None:
        """Closes the index, the engines and the embedded store that this assistant has opened itself."""
        close_engines(self._own_engines)
        self._knowledge.close()
        self.sessions.close()
        if self._store:
            self._store.close()

    def reply(
        self, session_id: str, customer: str | None, text: str, lang: Lang | None = None, message: str | None = None
    ) -> Reply:
        """Answers one message. Arguments and errors as in ``stream``."""
        *_, last = self.stream(session_id, customer, text, lang, message)
        assert isinstance(last, Reply)
        return last

    def stream(
        self,
        session_id: str,
        customer: str | None,
        text: str,
        lang: Lang | None = None,
        message: str | None = None,
        issued: float | None = None,
        stop: threading.Event | None = None,
        channel: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Iterator[str | Reply]:
        """Pieces of the answer as they come, then the whole ``Reply``.

        Args:
            customer: id of the signed-in customer, None for a stranger. Flows act on this customer only.
            lang: language that the customer chose, for this answer and further ones; None: the words decide.
            message: the client's id of the message; when it comes again, it gets its first answer and does nothing.
            issued: when the token was issued that names session and customer; None: no token was needed.
            channel: of the shop, by which the customer came, for the log; None: as before.
            stop: ends what a model writes when it is set; all else of the turn is done and said. None: nothing does.
            sleep: how to wait while another replica holds the session.

        Raises:
            BadMessage: empty, too long, or not Unicode; NotYourSession: another customer's session;
            SessionBusy: an earlier message is still being answered; ReusedId: ``message`` was another text;
            TokenRevoked: the token was taken back.
        """
        started = time.perf_counter()
        check_text(text, self._params.max_message_chars)
        with self.sessions.hold(session_id, customer, message, issued, sleep) as held:
            if held.answered is not None:
                reply = first_answer(held.answered, held.turn, text)
                yield reply.text
                yield reply
                return
            held.session.channel = channel or held.session.channel
            turn = self._understand(held, text, lang, started, stop)
            moves = [] if turn.failed else plan(_situation(turn, self._flows), turn.reading.acts)
            if turn.interrupted:
                gone = self.pack.conversation.interrupted.in_(turn.session.lang)
                yield self.texts.shown(turn.say("flow", gone), turn.session)
            for piece in self._responder.stream(turn, moves):
                if turn.first_ms is None:
                    turn.first_ms = (time.perf_counter() - started) * 1000
                yield self.texts.shown(piece, turn.session)
            yield self._record.finish(self.sessions, held, turn, text)

    def warm_up(self) -> None:
        """Reads a greeting, so that no customer waits for what is made at first use: half a second of the processor."""
        now, session = self.now().isoformat(timespec="seconds"), Session(id="")
        for text in (self.pack.shop.greeting.zh, self.pack.shop.greeting.en):
            self._fast_reader.read(
                Message(text, "zh", now, session, partial(self.texts.placeholder, session), list[Order])
            )

    def now(self) -> datetime:
        """The time the shop lives at: the clock, or where the demo's database stands."""
        stand = self.pack.shop.demo_now
        return datetime.fromisoformat(stand) if stand else datetime.now(self._zone)

    def _understand(
        self, held: Held, text: str, lang: Lang | None, started: float, stop: threading.Event | None = None
    ) -> TurnState:
        if held.session.status == "closed":
            held.session = held.session.reopened()
        session = held.session
        interrupted = self._drop_unknown_flow(session)
        message, written = self._message(session, text, lang, stop)
        visit = Visit(session.customer, session.vault, session.lang, message.now)
        self._put_question(message, visit)
        reading, failed = self._read(message)
        session.subject.products = list(dict.fromkeys([*reading.products, *session.subject.products]))[:KEPT_PRODUCTS]
        session.subject.latest = reading.latest or session.subject.latest
        acts, top = [kind(act) for act in reading.acts], reading.top
        read = {"intent": top.intent, "confidence": round(top.confidence, 4), "acts": acts}
        said = SaidTurn(role="customer", text=written, time=self._record.clock(), acts=tuple(acts))
        session.remember(said.model_copy(update={"text": message.text}))
        return TurnState(
            session,
            message,
            reading,
            visit,
            started,
            interrupted,
            self._record.line(held, "customer", written, **read),
            said,
            held.before,
            in_danger=bool(held.waiting and held.waiting.danger),
            failed=failed,
            stop=stop,
        )

    def _message(
        self, session: Session, text: str, lang: Lang | None, stop: threading.Event | None
    ) -> tuple[Message, str]:
        """A message as it is read, redacted and in simplified characters, and as it was written, redacted."""
        now = self.now().isoformat(timespec="seconds")
        orders_of = cache(partial(self._orders, now))

        def orders() -> list[Order]:
            return orders_of(session.customer)  # a stranger may become a customer while he is answered

        try:
            redacted, written = self.texts.redacted(session, text, orders)
        except KefuError:  # whose number it is cannot be told; the reading meets the same, and tells of it
            redacted, written = self.texts.redacted(session, text, list[Order])
        session.script = script_of(text, session.script)
        session.lang = lang or language_of(redacted, session.lang, first=not session.turns)
        placeholder = partial(self.texts.placeholder, session)
        return (
            Message(
                redacted,
                session.lang,
                now,
                session,
                placeholder,
                orders,
                forget_orders=orders_of.cache_clear,
                stop=stop,
            ),
            written,
        )

    def _put_question(self, message: Message, visit: Visit) -> None:
        """Tells a message the question of the flow under way, which it may answer."""
        if state := message.session.flow:
            message.flow = self._flows.flows[state.flow]
            message.step = self._flows.waiting_at(state)
            with suppress(FlowError):  # of a pack that has changed since: what was said last is all there is
                message.question = self._flows.question(state, visit) if message.step.confirm else ""

    def _read(self, message: Message) -> tuple[Reading, bool]:
        """What a message does, and whether the pack or the shop failed while it was read."""
        try:
            return self._reader.read(message), False
        except KefuError:
            logger.exception("the pack or the shop failed while a message was read: a person is asked for")
            return Reading([], self._fast_reader.guesser.top(message)), True

    def _orders(self, now: str, customer: str | None) -> list[Order]:
        return self._linker.orders(customer, now) if customer else []

    def _drop_unknown_flow(self, session: Session) -> bool:
        """A pack may change while sessions wait in its flows: what cannot go on is forgotten, its slots are kept.

        Returns whether that was under way, so that the customer is told.
        """
        session.paused = [state for state in session.paused if self._flows.is_known(state)]
        if session.flow and not self._flows.is_known(session.flow):
            session.close_flow("abandoned")
            return True
        return False


def _pricing(pack: Pack, tools: ToolBox) -> Pricing | None:
    """Reads baskets and sums by the shop's catalogue; None when the pack has no words for sums."""
    product = pack.entities.product
    if product is None or pack.conversation.quote is None:
        return None
    return Pricing(pack, tools.call(product.tool, {}, None, "").rows)


def _situation(turn: TurnState, flows: FlowEngine) -> Situation:
    """What the policy may know."""
    session, question = turn.session, None
    if state := session.flow:
        question = OpenQuestion(state.flow, flows.waiting_at(state).collect, state.reminders)
    waits = bool(session.asked) or any(wish.needs_sign_in for wish in session.wishes[:1])
    return Situation(
        session.status,
        turn.in_danger,
        question,
        tuple(s.flow for s in session.paused),
        session.misses,
        session.apologised,
        signed_in=waits and session.customer is not None,
        rejections=session.rejections,
        no_person=session.no_person,
    )
