/** Inserts messages into a schedule: what a stage hands on to another rank is sent after it, and received before it is needed. */
import { type Action, actionText, type Schedule, stageRanks } from "./schedule.ts";

/** Half of a message: activations (F) go to the next stage, their gradients (B) to the one before. */
export interface MessageAction {
  readonly kind: "SEND_F" | "RECV_F" | "SEND_B" | "RECV_B";
  /** Of the rank that has it: what it sends is from this stage, what it receives is for it. */
  readonly stage: number;
  readonly microBatch: number;
  /** The rank on the other side. */
  readonly peer: number;
}

/** What a rank does, messages among it. */
export type Step = Action | MessageAction;

/** `0SEND_F1`: stage 0 sends the activations of micro-batch 1. */
export function stepText(step: Step): string {
  return "peer" in step ? `${step.stage}${step.kind}${step.microBatch}` : actionText(step);
}

/**
 * The lists of a schedule with messages. Sends stand behind what makes them. Receives stand before the action that comes before
 * the one that needs them: so a message travels while another micro-batch is worked on. No message is between stages of
 * one rank.
 */
export function withMessages(schedule: Schedule): Step[][] {
  const home = stageRanks(schedule);
  return schedule.ranks.map((list, rank) => {
    const steps: Step[] = [];
    const receives = list.map((action) => receiveOf(action, rank, home));
    const posted = new Set<number>();
    const post = (at: number): void => {
      const receive = receives[at];
      if (!receive || posted.has(at)) return;
      posted.add(at);
      steps.push(receive);
    };
    for (const [at, action] of list.entries()) {
      post(at);
      post(at + 1);
      steps.push(action);
      const send = sendOf(action, rank, home);
      if (send) steps.push(send);
    }
    return steps;
  });
}

function receiveOf(
  { kind, stage, microBatch }: Action,
  rank: number,
  home: readonly number[],
): MessageAction | undefined {
  if (kind === "W") return undefined;
  const peer = home[kind === "F" ? stage - 1 : stage + 1];
  if (peer === undefined || peer === rank) return undefined;
  return { kind: kind === "F" ? "RECV_F" : "RECV_B", stage, microBatch, peer };
}

function sendOf({ kind, stage, microBatch }: Action, rank: number, home: readonly number[]): MessageAction | undefined {
  if (kind === "W") return undefined;
  const peer = home[kind === "F" ? stage + 1 : stage - 1];
  if (peer === undefined || peer === rank) return undefined;
  return { kind: kind === "F" ? "SEND_F" : "SEND_B", stage, microBatch, peer };
}
