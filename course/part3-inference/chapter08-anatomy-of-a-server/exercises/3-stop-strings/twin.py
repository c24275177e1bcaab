"""8.3 Stop strings, in Python: python3 twin.py

codecs has the decoder that keeps half a character; SGLang's detokenizer looks for U+FFFD at the end of what it has.
"""

import codecs
from typing import Callable, Optional


def stream(stops: list[str]) -> Callable[[Optional[bytes]], tuple[str, bool]]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    held = ""

    def push(token: Optional[bytes]) -> tuple[str, bool]:
        nonlocal held
        text = held + decoder.decode(token or b"", final=token is None)
        found = [(text.find(stop) + len(stop), i) for i, stop in enumerate(stops) if stop in text]
        if found:
            end, i = min(found)
            return text[: end - len(stops[i])], True
        keep = 0
        if token is not None:
            for stop in stops:
                for length in range(keep + 1, min(len(stop) - 1, len(text)) + 1):
                    if text.endswith(stop[:length]):
                        keep = length
        held = text[len(text) - keep :]
        return text[: len(text) - keep], False

    return push


def pieces(stops: list[str], tokens: list[bytes]) -> list[str]:
    push = stream(stops)
    given = []
    for token in [*tokens, None]:
        text, stopped = push(token)
        given.append(text)
        if stopped:
            break
    return given


assert pieces([], [b"\xc4", b"\x8f\xc3\xa1", b"b"]) == ["", "ďá", "b", ""]
assert pieces([], [b"a", b"\xe5\xae"]) == ["a", "", "\ufffd"]
assert "".join(pieces(["DEFGHIJ"], [b"DEF", b"G", b"HI", b"J", b"K"])) == ""
assert pieces(["stop"], [b"on", b"e s", b"to", b"ne"]) == ["on", "e ", "", "stone", ""]
assert pieces(["re", "he"], [b"there"]) == ["t"]
assert pieces(["b", "ab"], [b"ab"]) == ["a"]
print("whole characters, and nothing of a stop string")
