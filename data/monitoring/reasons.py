"""Why records were quarantined: like reasons as one, and in Chinese for the day's page.

A reason is the error message of a reader or of validation (``data/channels``, ``data/ingest``), in English, for whoever
mends the export. Names of fields and types stay as they are in both languages. A reason that is not in the list is
shown in English; ``tests/monitoring/test_reasons.py`` finds each that the code can give.
"""

from __future__ import annotations

import re

from kefu.shop.part import Text

_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|[\d,.]*\d")
_PLACE = re.compile(r": line … column … \(char ….*")  # of broken JSON
_LONGEST = 80
# Beginning of a reason without its values → Chinese. ``rest`` is a reason itself.
_CHINESE = tuple(
    (re.compile(pattern), chinese)
    for pattern, chinese in (
        (r"session is incomplete: (?P<rest>.*)", "会话不完整：{rest}"),
        (r"line … cannot be read", "第 … 行读不出来"),
        (r"line …: (?P<rest>.*)", "第 … 行：{rest}"),
        (r"line has … bytes", "这一行有 … 字节，太长：不是对话，或者缺换行"),
        (r"no tab in the line", "行里没有制表符"),
        (r"… columns instead of …", "有 … 列，应为 … 列"),
        (r"column … is …, neither", "第 … 列是 …，应为 0 或 1"),
        (r"not JSON: (?P<rest>.*)", "不是合法的 JSON：{rest}"),
        (r"Expecting value", "这里缺一个值"),
        (r"Expecting … delimiter", "缺分隔符"),
        (r"Expecting property name", "缺字段名"),
        (r"Unterminated string", "字符串没有结束"),
        (r"Extra data", "结尾有多余的内容"),
        (r"Invalid control character", "有控制字符"),
        (r"Invalid .*escape", "转义写错了"),
        (r"JSON is nested too deeply", "JSON 嵌套太深"),
        (r"array is broken from here on: (?P<rest>.*)", "数组从这里起坏了：{rest}"),
        (r"array is not closed: (?P<rest>.*)", "数组没有结束：{rest}"),
        (r"the file ends here", "文件到此为止，请重新拷贝"),
        (r"the file is not (?P<what>.+) from here on", "文件从这里起不是 {what}，请重新拷贝"),
        (r"(?P<what>.+) file is damaged from here on", "{what} 文件从这里起坏了，请重新拷贝"),
        (r"torn or damaged UTF-…", "UTF-8 断了或坏了，请重新拷贝文件"),
        (r"not UTF-…", "不是 UTF-8，也不能确定是 GB18030 或 Big5"),
        (r"neither UTF-… nor (?P<what>\S+)", "既不是 UTF-8，也不是 {what}"),
        (r"not CSV: ", "不是合法的 CSV：是不是有引号没有闭合？"),
        (r"… cells instead of …", "有 … 格，应为 … 格：含分隔符的格子要加引号"),
        (r"header \(line …\): ", "表头（第 … 行）：每一列都要恰好出现一次"),
        (r"(?P<name>.+): empty: every row needs its session", "{name}：是空的，每一行都要有会话号"),
        (r"a rating alone", "只有评分：它的对话在另一天"),
        (r"two customers in one session", "一个会话里有两位顾客：请每位顾客的对话单独导出"),
        (r"session: this id belongs to another", "session：当天另一段对话也用这个号，内容不同；若是更正，请删去旧的"),
        (r"schema: version … is not read here", "schema：这里读不了第 … 版"),
        (r"(?P<name>.+): unknown field (?P<what>[^;]+)", "{name}：不认识的字段 {what}"),
        (r"(?P<name>.+): field (?P<what>.+) is missing", "{name}：缺字段 {what}"),
        (r"field (?P<what>.+) is missing", "缺字段 {what}"),
        (r"(?P<what>\S+) is missing", "缺字段 {what}"),
        (r"(?P<name>.+): expected an object, got (?P<what>\S+)", "{name}：应为对象，却是 {what}"),
        (r"(?P<name>.+): expected an array, got (?P<what>\S+)", "{name}：应为数组，却是 {what}"),
        (r"(?P<name>.+): expected text, got (?P<what>\S+)", "{name}：应为文字，却是 {what}"),
        (r"(?P<name>.+): expected text or null", "{name}：应为文字或 null"),
        (r"(?P<name>.+): expected \[question, answer\]", "{name}：应为 [question, answer]，却有 … 项"),
        (r"(?P<name>.+): expected one list of turns", "{name}：应有且只有一个发言列表"),
        (r"(?P<name>.+): none of .* is there", "{name}：没有写着内容的字段"),
        (r"(?P<name>.+): an unknown speaker", "{name}：不知道是谁说的，请写进 ingest.sources 的 roles"),
        (r"(?P<name>.+): … is neither ISO … nor seconds", "{name}：… 既不是 ISO 8601 时间，也不是 1970 年以来的秒数"),
        (r"(?P<name>.+): … is not an ISO … time", "{name}：… 不是 ISO 8601 时间"),
        (r"(?P<name>.+): … is not one of (?P<what>.+)", "{name}：… 不在 {what} 之内"),
        (r"(?P<name>.+): … is not (?P<what>[^;,]+)", "{name}：… 不是 {what}"),
        (r"(?P<name>.+): not one of (?P<what>.+?)(?:: add|$)", "{name}：不在 {what} 之内，请写进 roles"),
        (r"(?P<name>.+): … characters, more than (?P<what>\S+)", "{name}：有 … 个字，超过 {what}"),
        (r"(?P<name>.+): … characters; expected", "{name}：有 … 个字，应为 1 到 200 个"),
        (r"(?P<name>.+): … must be an integer", "{name}：… 应为 1 到 5 的整数"),
        (r"(?P<name>.+): …, fewer than (?P<what>\S+)", "{name}：只有 … 句，少于 {what}"),
        (r"(?P<name>.+): none has any text", "{name}：没有一句有内容"),
        (r"NUL bytes: ", "有 NUL 字节：写的时候磁盘满了或机器断电，或者它是 UTF-16"),
        (r"a text holds a NUL character", "文字里有 NUL 字符"),
        (r"a text holds half a surrogate pair", "文字里有半个代理对，不是字符"),
    )
)


def without_values(reason: str) -> str:
    """The reason with quoted values and numbers left out, so that like reasons add up."""
    return _VALUES.sub("…", reason)[:_LONGEST]


def in_both_languages(reason: str) -> Text:
    """``reason``, as ``without_values`` leaves it, for the page."""
    return Text(zh=_chinese(reason), en=_PLACE.sub("", reason))


def _chinese(reason: str) -> str:
    for pattern, chinese in _CHINESE:
        if match := pattern.match(reason):
            words = match.groupdict()
            if "rest" in words:
                words["rest"] = _chinese(words["rest"])
            return chinese.format(**words).replace("the record：", "整条记录：")
    return reason
