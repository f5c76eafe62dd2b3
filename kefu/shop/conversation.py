"""Words around flows, words of danger, and when people answer: what Kefu says for the shop, not about its goods."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from kefu.shop.act_words import WordRule
from kefu.shop.part import Part, Phrases, Text
from kefu.shop.quotes import QuoteWords

Clock = Annotated[str, StringConstraints(pattern=r"^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$")]


class OfficeHours(Part):
    """When people answer, every day, in the shop's time zone: HH:MM; 00:00 to 24:00 is always."""

    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _is_some_time(self) -> OfficeHours:
        if self.opens == self.closes:
            raise ValueError(f"opens and closes are both {self.opens}: write 00:00 and 24:00 for the whole day")
        return self

    def include(self, clock: str) -> bool:
        """Whether HH:MM is within; hours may go past midnight."""
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return clock >= self.opens or clock < self.closes


class Conversation(Part):
    """Words around flows: what Kefu says, and the phrases by which a customer answers it.

    Phrases are plain words, read by ``serving/dialogue/reading/yes_no.py``: case, punctuation and emoji's colours do
    not matter, and a whole message has to be made of them.
    """

    sign_in: Text = Field(description="said when a stranger asks for what belongs to a customer")
    sign_in_again: Text | None = Field(
        None, description="the same in other words: to an order number alone, and where ``sign_in`` was just said"
    )
    left: Text = Field(description="said when the customer leaves a flow unfinished")
    left_first: Text | None = Field(None, description="the same, before another wish of the message; None: nothing")
    back_to: Text = Field(
        Text(zh="回到刚才的{{ title }}：", en="Back to {{ title }}:"),
        description="said before the question of a flow that is put briefly; Jinja2 with the flow's title",
    )
    unsure: Text = Field(description="said to a question without an answer, before the open question is repeated")
    again: Text = Field(description="said before a question is repeated that was not answered")
    back: Text = Field(description="said before a question is repeated after a digression")
    apology: Text = Field(description="said once to an angry customer, before anything else")
    apology_asks: Text = Field(
        Text(zh="非常抱歉！请告诉我是哪件事没办好。", en="I am truly sorry! Please tell me what went wrong."),
        description="the same, to one who has not said what is wrong",
    )
    took: Text = Field(description="names the order that was not named by number; Jinja2 with order and label")
    wish: Text = Field(description="asked when an order was named without a wish")
    choose: Text = Field(description="said before a numbered list of orders")
    choose_unlike: Text | None = Field(
        None,
        description="the same, where an order given by number holds nothing of what is named; Jinja2 with order",
    )
    pick: Text = Field(description="asks for an order, before a list of the customer's likeliest ones")
    corrected: Text = Field(description="said when another value was taken")
    no_hurry: Text = Field(description="said to a customer who needs time")
    queued: Text = Field(description="said of a wish that waits for its turn; Jinja2 with title")
    next: Text = Field(description="said before a wish that waited; Jinja2 with title")
    set_aside: Text = Field(description="said of a flow whose question was repeated often enough; Jinja2 with title")
    nothing_open: Text = Field(description="said when the customer wants to go on and nothing was begun")
    interrupted: Text = Field(description="said when a flow cannot go on: the pack has changed, or a person must look")
    out_of_scope: Text = Field(description="said to what no shop does")
    likely: Text | None = Field(
        None,
        description="said of an entry that may be meant; Jinja2 with question and answer; None: questions are offered",
    )
    likely_end: Text | None = Field(None, description="said after such entries, when none may be right")
    no_answer: Text | None = Field(
        None, description="said to a question without an answer; Jinja2 with names of products"
    )
    person_hint: Text | None = Field(
        None, description="how a person is called, after `unsure`; not to who has declined one"
    )
    offer_person: Text | None = Field(
        None, description="offers a person after `no_answer` and `same_again`; not to who has declined one"
    )
    ask_person: Text | None = Field(None, description="what the customer asks who says yes to that offer")
    ask_person_yes: Phrases = Field({}, description="a yes to that offer, beside the words of `yes`: ask someone")
    clarify: Text = Field(description="said before a numbered list of questions that may be meant")
    clarify_one: Text | None = Field(None, description="the same before a single question; None: as clarify")
    what_is_wrong: Text = Field(
        Text(zh="抱歉，哪里不对？请告诉我正确的。", en="I am sorry, what is wrong? Please tell me what it should be."),
        description="said to a bare 不对: the question that is open stays open",
    )
    same_again: Text = Field(
        Text(zh="关于这一点，我知道的就是上面这些。", en="The above is all that I know on this."),
        description="said after an answer that was just told, or in its place; Jinja2 with the question left open",
    )
    remarked: Text | None = Field(
        None, description="said in place of shop.fallback to a short statement behind an answer; None: never"
    )
    missed: Text = Field(
        Text(zh="抱歉，刚才没有答到您问的。", en="Sorry, my last answer missed your question."),
        description="said when the last answer missed and no other one is found, before what else may be meant",
    )
    missed_alone: Text = Field(
        Text(
            zh="抱歉，刚才没有答到您问的。换个说法告诉我，或回复“人工”，由客服来答。",
            en='Sorry, my last answer missed your question. Put it another way, or reply "agent" for a person.',
        ),
        description="the same, where nothing else may be meant",
    )
    retracted: Text = Field(
        Text(zh="抱歉，是我弄错了。", en="I am sorry, that was my mistake."),
        description="said first where the last answer missed; Jinja2 with titles, of flows that it began and the"
        " customer never asked for, and alone: nothing else is answered",
    )
    yes: Phrases
    no: Phrases
    leave: Phrases
    leave_open: Phrases = Field({}, description="gives up the open flow, unless they name it: 取消, in a return")
    go_ahead: Phrases = Field({}, description="verbs that mean yes at any confirmation; steps add their own")
    please: Phrases = Field({}, description="words before such a verb, and only there")
    gives_in: Phrases = Field({}, description="before such a verb: gives up a doubt, and not what is done: 算了，办吧")
    clear_yes: Phrases = Field({}, description="a yes that counts beside a question or a second wish; steps add theirs")
    around: Phrases = Field({}, description="words around an answer that mean nothing by themselves: thanks")
    before_no: Phrases = Field({}, description="words that may come before a no as well: 好的，不用了")
    doubt: Phrases = Field({}, description="made of the words above, yet no answer: 要是, yeah right")
    look_up: str | None = Field(None, description="public tool of one argument, a word; models see its rows")
    look_up_names: str | None = Field(
        None, description="public tool without arguments: the names that look_up searches, a row a product"
    )
    waiting: Text | None = Field(
        None,
        description="said to what the customer adds while waiting for a person; Jinja2 with opens, closes, and before: "
        "how many customers come before this one, none where it is not known; None: shop.handoff",
    )
    waiting_closed: Text | None = Field(None, description="the same outside office hours; None: as waiting")
    handed_back: Text = Field(
        Text(
            zh="客服已经把对话交还给我，由我继续为您服务。想再找客服，回复“人工”就行。",
            en='The person has given our conversation back to me. Reply "agent" to ask for a person again.',
        ),
        description="said by the bot when a person gives the conversation back",
    )
    resumed: Text | None = Field(None, description="said when the customer took it back; None: shop.greeting")
    resumed_first: Text | None = Field(None, description="the same, before the answer to what the message asks more")
    withdrawn: Text | None = Field(
        None,
        description="said then of what was under way when the person was asked for; Jinja2 with title, order, and "
        "ended: a person was to do it, else it goes on with the bot",
    )
    quote: QuoteWords | None = Field(None, description="words of sums; None: no sum is asked for or told")


class Danger(WordRule):
    """One kind of danger: a message with one of its words goes to a person at once, before everything else."""

    reply: Text = Field(description="said at once; what shop.handoff says follows")
