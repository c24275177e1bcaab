/** The page of a server: a conversation with its model beside what happens inside it. */
import type { LiveFrame } from "../live/frame.ts";
import { Refusal, type Settings, watch } from "./ask.ts";
import { Conversation } from "./conversation.ts";
import { find, make } from "./dom.ts";
import { drawPages } from "./pages.ts";
import { drawLists, textOf } from "./panels.ts";
import { Speed } from "./speed.ts";

/** Answers that the other button asks for. */
const MANY = 8;
/** Milliseconds before a lost connection is tried again. */
const AGAIN = 1000;

const starters = [
  "Tell a story about Mia the fox, Ben the boy and a red ball.",
  "Tell a story about Tom the cat and a little boat.",
  "What is 27 + 5?",
];

function number(id: string): number {
  const input = find(id, HTMLInputElement);
  return Number.isFinite(input.valueAsNumber) ? input.valueAsNumber : Number(input.defaultValue);
}

function settings(choices: number): Settings {
  const whole = (id: string): number => Math.floor(number(id));
  return { temperature: number("temperature"), tokens: whole("tokens"), seed: whole("seed"), choices, key: key() };
}

function key(): string {
  return find("key", HTMLInputElement).value.trim();
}

function startConversation(): void {
  const [message, log] = [find("message", HTMLTextAreaElement), find("log", HTMLElement)];
  const [send, many, stop] = ["send", "many", "stop"].map((id) => find(id, HTMLButtonElement));
  const conversation = new Conversation(log, (busy) => {
    for (const button of [send, many]) button.disabled = busy;
    stop.disabled = !busy;
    find("starters", HTMLElement).hidden = log.childElementCount > 0;
  });
  const ask = (choices: number): void => {
    const text = message.value.trim();
    if (text === "" || send.disabled) return;
    message.value = "";
    void conversation.send(text, settings(choices));
  };
  find("composer", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    ask(1);
  });
  message.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask(1);
  });
  many.addEventListener("click", () => ask(MANY));
  stop.addEventListener("click", () => conversation.stop());
  find("clear", HTMLButtonElement).addEventListener("click", () => conversation.clear());
  find("starters", HTMLElement).append(
    ...starters.map((text) => {
      const button = make("button", { type: "button" }, text);
      button.addEventListener("click", () => {
        message.value = text;
        message.focus();
      });
      return button;
    }),
  );
}

/** Draws frames for as long as the page is there. */
async function startWatching(): Promise<void> {
  const speed = new Speed();
  for (;;) {
    try {
      for await (const data of watch("live", key(), new AbortController().signal)) {
        const frame = JSON.parse(data) as LiveFrame;
        textOf("connection", "");
        textOf("model", frame.model.name);
        textOf("about", `${frame.model.positions} positions`);
        drawLists(frame);
        drawPages(frame.pages);
        speed.draw(frame, performance.now());
      }
      textOf("connection", "The server has gone; trying again …");
    } catch (error) {
      const known = error instanceof Refusal;
      textOf("connection", known ? error.message : "No connection to the server; trying again …");
      if (known && error.status === 401) textOf("connection", "This server wants a key: write it into the settings.");
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}

startConversation();
void startWatching();
