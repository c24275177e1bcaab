/** A conversation with tools, as a template writes it and as a scripted model calls them: for every client the same. */
import type { Piece } from "./scripted.ts";

/** A template that has tools, calls, and what came of them. */
export const toolTemplate = [
  "{{ bos_token }}{% if tools %}{% for tool in tools %}{{ tool.function.name }} {% endfor %}<tool_call>{% endif %}",
  "{% for m in messages %}{{ m.role }}: {{ m.content }}{% for call in m.tool_calls or [] %}",
  "{{ call.function.name }}{{ call.function.arguments | tojson }}{% endfor %};{% endfor %}",
].join("");

/** A call of `sum` with a = 1 and b = 2, over several tokens. */
export const sumCall: readonly Piece[] = [
  ...["<tool_call>", '{"name": "sum", ', '"arguments": {"a": 1, ', '"b": 2}}', "</tool_call>"],
];
/** A call of `twice`. */
export const twiceCall: readonly Piece[] = [
  ...["<tool_call>", '{"name": "twice", "arguments": {"of": 3}}', "</tool_call>"],
];
/** What a server has to have to say them. */
export const toolPieces: readonly Piece[] = [...new Set([...sumCall, ...twiceCall])];
