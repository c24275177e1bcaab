/** Messages of a request as templates read them. */
import type { BodyMessage } from "./schema/chat.ts";

/** Strings for parts, "" for null, calls with their arguments as objects. "developer" is what newer clients call "system". */
export function messagesOf(messages: readonly BodyMessage[]): Readonly<Record<string, unknown>>[] {
  return messages.map(({ role, content, name, tool_calls: calls, tool_call_id: id }) => ({
    role: role === "developer" ? "system" : role,
    content: textOf(content),
    ...(name == null ? {} : { name }),
    ...(id == null ? {} : { tool_call_id: id }),
    ...(calls && calls.length > 0
      ? {
          tool_calls: calls.map(({ id: callId, function: { name: called, arguments: given } }) => ({
            id: callId ?? undefined,
            type: "function",
            function: { name: called, arguments: objectOf(given) },
          })),
        }
      : {}),
  }));
}

function textOf(content: BodyMessage["content"]): string {
  if (content == null) return "";
  return typeof content === "string" ? content : content.map(({ text }) => text).join("");
}

/** Templates write arguments as JSON themselves; what is none stays as it is. */
function objectOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
