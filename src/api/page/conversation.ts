/** The conversation: what was said, the answers as they come, and what each took. */
import { ask, type Message, type Piece, type Settings, type Usage } from "./ask.ts";
import { make } from "./dom.ts";

/** Sends messages, shows answers. */
export class Conversation {
  readonly #log: HTMLElement;
  readonly #onBusy: (busy: boolean) => void;
  #messages: Message[] = [];
  /** Whether the end stays in sight: until the reader goes back. */
  #follows = true;
  #running: AbortController | undefined;

  /** @param onBusy hears when answers begin to come, and when none comes any more. */
  constructor(log: HTMLElement, onBusy: (busy: boolean) => void) {
    this.#log = log;
    this.#onBusy = onBusy;
    log.addEventListener("scroll", () => {
      this.#follows = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
    });
  }

  /** Asks for one answer or several; the conversation goes on from the first. */
  async send(text: string, settings: Settings): Promise<void> {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    const { choices } = settings;
    const said: Message[] = [...this.#messages, { role: "user", content: text }];
    const article = make("article", { className: choices > 1 ? "answers" : "" });
    const note = make("p", { className: "soft" }, "waiting …");
    this.#log.append(make("article", { className: "said text" }, text), article, note);
    const answers = Array.from({ length: choices }, () => new Answer(article));
    this.#follows = true;
    this.#follow();
    this.#onBusy(true);
    const good = await this.#read(ask(said, settings, running.signal), answers, note);
    if (this.#running !== running) return; // it was cleared meanwhile
    if (good) this.#messages = [...said, { role: "assistant", content: answers[0].content }];
    this.#running = undefined;
    this.#onBusy(false);
  }

  /** Wants no more of the answers that are coming. */
  stop(): void {
    this.#running?.abort();
  }

  /** Forgets everything. */
  clear(): void {
    this.stop();
    this.#running = undefined;
    this.#messages = [];
    this.#log.replaceChildren();
    this.#onBusy(false);
  }

  /** Reads answers to their end. @returns whether there is something of them. */
  async #read(pieces: AsyncIterable<Piece>, answers: readonly Answer[], note: HTMLElement): Promise<boolean> {
    const start = performance.now();
    let first: number | undefined;
    let usage: Usage | undefined;
    try {
      for await (const piece of pieces) {
        usage = piece.usage ?? usage;
        if (piece.choice !== undefined) answers[piece.choice].add(piece);
        if (first === undefined && piece.text) {
          first = performance.now();
          note.textContent = "";
        }
        this.#follow();
      }
      note.textContent = noteOf(usage, start, first, performance.now());
    } catch (error) {
      const stopped = error instanceof DOMException && error.name === "AbortError";
      note.textContent = stopped ? "stopped" : error instanceof Error ? error.message : String(error);
      if (!stopped) note.classList.add("bad");
    }
    this.#follow();
    return answers[0].content !== "";
  }

  #follow(): void {
    if (this.#follows) this.#log.scrollTop = this.#log.scrollHeight;
  }
}

/** One answer on its way. */
class Answer {
  readonly #text = make("div", { className: "text" });
  readonly #end = make("p", { className: "soft" });
  #content = "";

  constructor(parent: HTMLElement) {
    parent.append(make("div", {}, this.#text, this.#end));
  }

  /** So far. */
  get content(): string {
    return this.#content;
  }

  add({ text = "", finish }: Piece): void {
    this.#content += text;
    this.#text.append(text);
    if (finish === "length") this.#end.textContent = "ended by the limit";
  }
}

/** What a request took, in a line. */
function noteOf(usage: Usage | undefined, start: number, first: number | undefined, end: number): string {
  if (!usage) return "";
  const { prompt_tokens: prompt, completion_tokens: given, prompt_tokens_details: details } = usage;
  const parts = [`prompt: ${prompt} tokens, ${details?.cached_tokens ?? 0} from the cache`];
  if (first !== undefined) {
    parts.push(`first token after ${Math.round(first - start)} ms`);
    parts.push(`${given} tokens, ${Math.round((given / (end - start)) * 1000)} per second`);
  }
  return parts.join(" · ");
}
