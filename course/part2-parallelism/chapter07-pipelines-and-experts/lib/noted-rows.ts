// A group that notes how many rows its rank hands to each other in every allToAllRows: the payload, not the room for it.
import type { ProcessGroup, Tensor, TensorDevice } from "worldsize";

/** Numbers of rows, by rank, of each call in order. */
export interface NotedRows {
  readonly group: ProcessGroup;
  calls(): Promise<number[][]>;
}

/** The numbers lie on the device: they are copied in the stream, before anybody may reuse them. */
export function noteRows(group: ProcessGroup): NotedRows {
  const noted: Tensor[] = [];
  const proxy = new Proxy(group, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name !== "allToAllRows") return value.bind(target);
      return (output: Tensor, input: Tensor, sent: Tensor, received: Tensor) => {
        noted.push((sent.device as TensorDevice).unscoped(() => sent.clone()));
        return target.allToAllRows(output, input, sent, received);
      };
    },
  });
  return {
    group: proxy,
    calls: async () => {
      const all: number[][] = [];
      for (const each of noted) all.push([...(await each.data())]);
      return all;
    },
  };
}
