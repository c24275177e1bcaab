/** The launcher of a further host. */
import type { FromCoordinator, Outcome } from "../../../world/index.ts";
import { Launcher, type LaunchOptions, type NodeOptions } from "./launcher.ts";
import { JoinError, Line } from "./line.ts";

/** The launcher of a further host: it starts ranks when the first one says so. */
export class FollowingLauncher extends Launcher {
  protected readonly secret: string;
  #line: Line | undefined;

  constructor(options: LaunchOptions, folder: string) {
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
      onMessage: (message) => void this.#heard(message, nodes, finish, fail),
      onLost: (reason) => finish({ ok: false, rank: -1, message: reason }),
    });
    this.#line = line;
    const opened = await Promise.race([line.open().then(() => true), this.stopped]);
    return opened ? Promise.race([over, this.stopped]) : undefined;
  }

  async close(): Promise<void> {
    this.#line?.close();
    await this.ranks?.kill();
  }

  protected gone(rank: number, detail: string): void {
    this.#line?.send({ type: "exited", rank, detail });
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
      this.start(message.offset, message.size, message.generation, rendezvous);
    } else if (message.type === "done") {
      await this.ranks?.close(message.outcome.kind === "lost" ? message.outcome.rank : undefined);
      finish(message.outcome);
    }
  }
}
