"""8.1 Trace a request, in Python: python3 twin.py

There is nothing of PyTorch in it. SGLang's bench_serving takes the first token and the gaps from frames with text, too;
`vllm bench serve` takes them from all frames with a choice.
"""

from typing import Optional, TypedDict


class Frame(TypedDict, total=False):
    at: float
    text: str
    finish: str
    usage: int


def measure(sent: float, queued: float, scheduled: list[float], frames: list[Frame]) -> dict:
    times = [frame["at"] for frame in frames if frame.get("text", "") != ""]
    usage: Optional[int] = next((frame["usage"] for frame in frames if "usage" in frame), None)
    tokens = len(times) if usage is None else usage
    return {
        "ttft": times[0] - sent,
        "tpot": (times[-1] - times[0]) / (tokens - 1) if tokens > 1 else 0.0,
        "itl": [b - a for a, b in zip(times, times[1:])],
        "e2el": times[-1] - sent,
        "queue": scheduled[0] - queued,
    }


frames: list[Frame] = [
    {"at": 4, "text": ""},
    {"at": 25, "text": "a"},
    {"at": 45, "text": "b c"},
    {"at": 120, "text": "d"},
    {"at": 121, "text": "", "finish": "stop"},
    {"at": 122, "usage": 4},
]
numbers = measure(0, 3, [10, 70], frames)
print(numbers)
assert numbers["ttft"] == 25 and numbers["e2el"] == 120
assert numbers["itl"] == [20, 75]
assert abs(numbers["tpot"] - 95 / 3) < 1e-9
assert numbers["queue"] == 7
assert measure(0, 0, [0], [{"at": 9, "text": "x"}])["tpot"] == 0
