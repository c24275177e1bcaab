/** The launcher of a further host. */
import type { FromCoordinator, Outcome } from "../../../world/index.ts";
import { JoinError, Line } from "./control-connection.ts";
import { Launcher, type LaunchOptions, type NodeOptions } from "./launcher.ts";

/** The launcher of a further host: it starts ranks when the first one says so. */
export class FollowerLauncher extends Launcher {
  protected readonly secret: string;
  #line: Line | undefined;
  #generation = 0;
  #closed = false;
  /** What the first launcher said is done in the order it was said. */
  #doing: Promise<void> = Promise.resolve();

  constructor(options: LaunchOptions, folder: string | undefined) {
    super(options, folder);
    this.secret = options.nodes?.secret ?? "";
  }

  async run(): Promise<Outcome | undefined> {
    const { nodes, size, timeout } = this.options;
    if (!nodes) return undefined;
    let finish: (outcome: Outcome) => void = () => {};
    let fail: (error: Error) => void = () => {};
    const over = new Promise<Outcome>((resolve, reject) => {
      finish = resolve;
      fail = reject;
    });
    over.catch(() => {});
    const line = new Line({
      address: nodes.rendezvous,
      secret: this.secret,
      generation: 0,
      timeout,
      rank: nodes.rank,
      purpose: "node",
      hello: () => ({ type: "node", node: nodes.rank, count: size }),
      onMessage: (message) => {
        this.#doing = this.#doing.then(() => this.#heard(message, nodes, finish, fail)).catch(fail);
      },
      onLost: (reason) => finish({ ok: false, rank: -1, message: reason }),
    });
    this.#line = line;
    const opened = await Promise.race([line.open().then(() => true), this.stopped]);
    return opened ? Promise.race([over, this.stopped]) : undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#line?.close();
    await this.ranks?.kill();
  }

  protected gone(rank: number, detail: string): void {
    this.#line?.send({ type: "exited", generation: this.#generation, rank, detail });
  }

  async #heard(
    message: FromCoordinator,
    { rendezvous, rank }: NodeOptions,
    finish: (outcome: Outcome) => void,
    fail: (error: Error) => void,
  ): Promise<void> {
    if (message.type === "refused") fail(new JoinError(`node ${rank} was turned away: ${message.reason}`));
    else if (message.type === "nodes") {
      await this.ranks?.close();
      if (this.#closed) return;
      this.#generation = message.generation;
      this.start(message.offset, message.size, message.generation, rendezvous);
    } else if (message.type === "again" || message.type === "done") {
      await this.ranks?.close(message.outcome.kind === "lost" ? message.outcome.rank : undefined);
      if (message.type === "done") finish(message.outcome);
    }
  }
}
