/** Some ranks of a group as a Comm of their own, for algorithms made of others. */
import type { Comm } from "../core/transport.ts";

/** @param members group ranks, this one among them; their order gives the new ranks. */
export function subset(comm: Comm, members: readonly number[]): Comm {
  const rank = members.indexOf(comm.rank);
  return {
    rank,
    size: members.length,
    nodes: [members.map((_, i) => i)],
    link: comm.link,
    send: (to, span) => comm.send(members[to], span),
    sendCopy: (to, span) => comm.sendCopy(members[to], span),
    recv: (from, span) => comm.recv(members[from], span),
    recvCombine: (from, span, operator) => comm.recvCombine(members[from], span, operator),
    copy: (target, source) => comm.copy(target, source),
    combine: (target, source, operator) => comm.combine(target, source, operator),
    widen: (target, source, divisor) => comm.widen(target, source, divisor),
    narrow: (target, source, divisor) => comm.narrow(target, source, divisor),
    scratch: (count, dtype) => comm.scratch(count, dtype),
    peek: (span) => comm.peek(span),
    poke: (span, bytes) => comm.poke(span, bytes),
  };
}
