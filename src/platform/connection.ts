/** Messages to and from another process, after both sides have proved that they know the job's secret. */
export interface Connection {
  /** Where the other side is, for messages to people. */
  readonly name: string;
  /**
   * @param message anything JSON can say.
   * @throws RangeError when it is longer than the other side takes: sending it again would not help.
   */
  send(message: object): void;
  /**
   * Takes the connection. @param onMessage gets messages in the order of sending; what it throws closes the connection.
   * @param onClose is called once, also when this side closes.
   */
  listen(onMessage: (message: unknown) => void, onClose?: (reason: string) => void): void;
  close(): void;
}
