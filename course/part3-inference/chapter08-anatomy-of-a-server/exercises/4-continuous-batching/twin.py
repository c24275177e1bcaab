"""8.4 Continuous batching, in Python: python3 twin.py

The same loop without PyTorch. nano-vllm's scheduler is a short real one; there a step is all prompts or all decodes.
The model is a hash of what lies in a slot.
"""

END = 0


def next_of(slot: list[int]) -> int:
    value = 2654435761
    for position, token in enumerate(slot):
        value = (value * 31 + token * 7919 + position * 104729) % 4294967291
    return END if value % 12 == 0 else 1 + value % 500


def alone(prompt: list[int], most: int) -> list[int]:
    tokens: list[int] = []
    while len(tokens) < most and (token := next_of(prompt + tokens)) != END:
        tokens.append(token)
    return tokens


def serve(requests: list[tuple[int, list[int], int]], slots: int) -> tuple[dict[int, list[int]], int]:
    waiting, steps = list(requests), 0
    given: dict[int, list[int]] = {name: [] for name, _, _ in requests}
    memory: list[list[int]] = [[] for _ in range(slots)]
    running: dict[int, tuple[int, list[int], int]] = {}  # by slot: name, next tokens, tokens left
    while waiting or running:
        for slot in range(slots):
            if slot not in running and waiting:
                name, prompt, most = waiting.pop(0)
                memory[slot] = []
                running[slot] = (name, prompt, most)
        steps += 1
        for slot, (name, tokens, left) in list(running.items()):
            memory[slot] += tokens
            token = next_of(memory[slot])
            if token != END:
                given[name].append(token)
            if token == END or left == 1:
                del running[slot]
            else:
                running[slot] = (name, [token], left - 1)
    return given, steps


requests = [(i, [7 * i + 3, 11, 5 + i], most) for i, most in enumerate([2, 6, 3, 2])]
given, steps = serve(requests, 2)
for name, prompt, most in requests:
    assert given[name] == alone(prompt, most), name
_, one_by_one = serve(requests, 1)
assert steps <= one_by_one
print(f"{steps} steps in two slots, {one_by_one} in one; each request gets what it gets alone")
