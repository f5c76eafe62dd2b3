"""Which encoding lines are in: right where it is certain, unsure otherwise, never Chinese made of something else."""

from __future__ import annotations

import random

import pytest

from data.channels.reading.encoding import Decoder, Undecodable, guess

SIMPLIFIED = (
    "您好请问我的订单什么时候到|我想要退货|这个商品有问题|谢谢您的帮忙|可以换一个吗|运费是多少|为什么还没有发货|客服在吗|发票怎么开|"
    "这件衣服还有别的颜色吗|我已经付款了|可是没有收到短信|麻烦您帮我看一下|好的没问题|请稍等我们会尽快为您处理|质量太差了吧"
)
TRADITIONAL = (
    "您好請問我的訂單什麼時候到|我想要退貨|這個商品有問題|謝謝您的幫忙|可以換一個嗎|運費是多少|為什麼還沒有發貨|客服在嗎|發票怎麼開|"
    "這件衣服還有別的顏色嗎|我已經付款了|可是沒有收到簡訊|麻煩您幫我看一下|好的沒問題|請稍等我們會儘快為您處理|品質太差了吧"
)
KOREAN = "주문한 상품이 아직 도착하지 않았습니다|환불 부탁드립니다|감사합니다|배송은 언제 되나요|사이즈 교환하고 싶어요"
JAPANESE = "注文した商品がまだ届きません|返金をお願いします|配送はいつですか|サイズを交換したいです|領収書をください"
RUSSIAN = "здравствуйте|где мой заказ|верните деньги|спасибо большое|когда будет доставка|размер не подошёл"
FRENCH = "où est ma commande|déjà payée|réservée à côté|très bien merci|élève|la qualité est médiocre"
OTHERS = {
    "cp949": KOREAN,
    "shift_jis": JAPANESE,
    "euc_jp": JAPANESE,
    "cp1251": RUSSIAN,
    "koi8-r": RUSSIAN,
    "cp1252": FRENCH,
}
CHINESE = {"gb18030": SIMPLIFIED, "gbk": TRADITIONAL, "big5hkscs": TRADITIONAL}


def samples(text: str, encoding: str, sentences: int) -> list[list[bytes]]:
    draw = random.Random(sentences)
    choices = [sentence.encode(encoding) for sentence in text.split("|")]
    return [draw.sample(choices, min(sentences, len(choices))) for _ in range(300)]


@pytest.mark.parametrize("encoding", CHINESE)
def test_a_few_sentences_of_chinese_are_enough(encoding: str) -> None:
    expected = "gb18030" if encoding == "gbk" else encoding
    for sentences in (5, 10):
        assert {guess(lines) for lines in samples(CHINESE[encoding], encoding, sentences)} == {expected}
    for sentences in (1, 2, 3):
        assert {guess(lines) for lines in samples(CHINESE[encoding], encoding, sentences)} <= {expected, None}


@pytest.mark.parametrize("encoding", OTHERS)
def test_nothing_else_is_taken_for_chinese(encoding: str) -> None:
    for sentences in (1, 2, 5):
        assert {guess(lines) for lines in samples(OTHERS[encoding], encoding, sentences)} == {None}


def test_every_line_on_its_own_merits() -> None:
    lines = [sentence.encode("gb18030") for sentence in SIMPLIFIED.split("|")]
    decoder = Decoder(None, lambda: lines)
    assert decoder.text(b"plain") == "plain" and not decoder.used
    assert decoder.text("好的, ok".encode()) == "好的, ok" and not decoder.used
    assert decoder.text("一".encode("gb18030")) == "一" and decoder.used  # in UTF-8 a Cyrillic letter
    for raw, reason in {
        "您好，我的订单".encode()[:-1]: "torn or damaged UTF-8 at byte 19",
        b"caf\xe9 \xff": "neither UTF-8 nor gb18030",
    }.items():
        with pytest.raises(Undecodable, match=reason):
            decoder.text(raw)
    assert Decoder(None, lambda: []).text("é".encode()) == "é"
    with pytest.raises(Undecodable, match="not surely GB18030 or Big5; say ingest.sources: encoding"):
        Decoder(None, lambda: [b"\xe0\xc5" * 2]).text("嗯嗯".encode("gb18030"))
    assert Decoder("gb18030", lambda: []).text("嗯嗯".encode("gb18030")) == "嗯嗯"
