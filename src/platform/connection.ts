/** Messages to and from another process, after both sides have proved that they know the job's secret. */
export interface Connection {
  /** Where the other side is, for messages to people. */
  readonly name: string;
  /**
   * @param message anything JSON can say.
   * @throws RangeError when it is longer than the other side takes: sending it again would not help.
   */
  send(message: object): void;
  /** Set by whoever takes the connection. Called in the order of sending. */
  onMessage: (message: unknown) => void;
  /** Called once, also when this side closes. */
  onClose: (reason: string) => void;
  close(): void;
}
