/**
 * How two processes of a job get to know each other. Both prove that they have the job's
 * secret, which itself never travels (HMAC-SHA256 over fresh random numbers of both sides,
 * after ISO/IEC 9798-4); the caller proves first, so that a stranger learns nothing.
 *
 *   caller    HELLO      who I am, whom I want, a random number
 *   listener  CHALLENGE  a random number
 *   caller    PROOF      hmac("caller", HELLO, CHALLENGE)
 *   listener  WELCOME    a verdict, and hmac("listener", HELLO, CHALLENGE, verdict)
 *
 * It authenticates and does not encrypt: what follows travels as it is. All messages have
 * a fixed length and the whole must be over in seconds, so a stranger can neither fill
 * memory nor hold a place.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { afterPatience } from "../patience.ts";

/** Changes whenever anything that processes say to each other does. */
export const PROTOCOL = 2;
const MAGIC = 0x57535a0a;
const HELLO = 40;
const CHALLENGE = 24;
const PROOF = 32;
const WELCOME = 36;
/** Milliseconds for all of it. */
const DEADLINE = 5000;

/** What a caller wants: to join the job, to receive from a rank, or to bring a node's ranks. */
export const purposes = ["join", "wire", "node"] as const;
export type Purpose = (typeof purposes)[number];

export interface Introduction {
  readonly purpose: Purpose;
  /** Counts the restarts of the job. */
  readonly generation: number;
  readonly from: number;
  readonly to: number;
}

/** Why a handshake failed; `kind` is for counting. */
export class HandshakeError extends Error {
  override readonly name = "HandshakeError";
  readonly kind: "stranger" | "secret" | "version" | "generation" | "slow" | "closed";

  constructor(kind: HandshakeError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}

/**
 * The caller's side. On return nothing of what follows has been read.
 * @throws HandshakeError that says what the other side is or lacks.
 */
export async function call(socket: Socket, secret: string, intro: Introduction): Promise<void> {
  await within(socket, async () => {
    const hello = encodeHello(intro);
    socket.write(hello);
    const challenge = await take(socket, CHALLENGE);
    if (challenge.readUInt32BE(0) !== MAGIC) {
      throw new HandshakeError("stranger", "what answers there is not a worldsize job");
    }
    const version = challenge.readUInt16BE(4);
    if (version !== PROTOCOL) throw versionError(version);
    socket.write(mac(secret, "caller", hello, challenge));
    const welcome = await take(socket, WELCOME, "it has another secret, or is another job");
    if (!timingSafeEqual(welcome.subarray(4), mac(secret, "listener", hello, challenge, welcome.subarray(0, 4)))) {
      throw new HandshakeError("secret", "it could not prove that it knows the job's secret");
    }
    if (welcome[0] !== 0) {
      const theirs = welcome.readUInt16BE(2);
      const text = `this is generation ${intro.generation} of the job, which is at generation ${theirs}`;
      throw new HandshakeError("generation", text);
    }
  });
}

/**
 * The listener's side.
 * @param before is called once the caller is known, before it may go on.
 * @throws HandshakeError; the socket is then closed.
 */
export async function answer(
  socket: Socket,
  secret: string,
  generation: number,
  before: (intro: Introduction) => void,
): Promise<Introduction> {
  return within(socket, async () => {
    const hello = await take(socket, HELLO);
    if (hello.readUInt32BE(0) !== MAGIC) throw new HandshakeError("stranger", "spoke another protocol");
    const challenge = Buffer.concat([head(), randomBytes(CHALLENGE - 8)]);
    socket.write(challenge);
    const version = hello.readUInt16BE(4);
    if (version !== PROTOCOL) throw versionError(version);
    const proof = await take(socket, PROOF, "did not go on");
    if (!timingSafeEqual(proof, mac(secret, "caller", hello, challenge))) {
      throw new HandshakeError("secret", "does not know the job's secret");
    }
    const intro = decodeHello(hello);
    const verdict = Buffer.from([intro.purpose === "node" || intro.generation === generation ? 0 : 1, 0, 0, 0]);
    verdict.writeUInt16BE(generation & 0xffff, 2);
    const welcome = Buffer.concat([verdict, mac(secret, "listener", hello, challenge, verdict)]);
    if (verdict[0] !== 0) {
      socket.end(welcome);
      throw new HandshakeError("generation", `belongs to generation ${intro.generation}, not ${generation}`);
    }
    before(intro);
    socket.write(welcome);
    return intro;
  });
}

function head(): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt16BE(PROTOCOL, 4);
  return bytes;
}

function encodeHello({ purpose, generation, from, to }: Introduction): Buffer {
  const rest = Buffer.alloc(16);
  rest.writeUInt32BE(purposes.indexOf(purpose), 0);
  rest.writeUInt32BE(generation, 4);
  rest.writeUInt32BE(from, 8);
  rest.writeUInt32BE(to, 12);
  return Buffer.concat([head(), rest, randomBytes(HELLO - 24)]);
}

function decodeHello(hello: Buffer): Introduction {
  const purpose = purposes[hello.readUInt32BE(8)];
  if (!purpose) throw new HandshakeError("stranger", "wants something unknown");
  return { purpose, generation: hello.readUInt32BE(12), from: hello.readUInt32BE(16), to: hello.readUInt32BE(20) };
}

function mac(secret: string, side: string, ...parts: Uint8Array[]): Buffer {
  const hmac = createHmac("sha256", secret).update(`worldsize ${side}\n`);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

function versionError(theirs: number): HandshakeError {
  return new HandshakeError(
    "version",
    `it speaks protocol ${theirs}, this is protocol ${PROTOCOL}: all ranks must run the same version of worldsize`,
  );
}

/** Exactly `count` bytes, leaving what follows unread. */
function take(socket: Socket, count: number, ifClosed = "closed the connection"): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off("readable", look);
      socket.off("close", closed);
    };
    const look = (): void => {
      const bytes = socket.read(count) as Buffer | null;
      if (bytes === null) {
        if (socket.readableEnded) closed();
        return;
      }
      stop();
      if (bytes.length === count) resolve(bytes);
      else reject(new HandshakeError("closed", ifClosed)); // the rest of a stream that ended
    };
    const closed = (): void => {
      stop();
      reject(new HandshakeError("closed", ifClosed));
    };
    socket.on("readable", look);
    socket.on("close", closed);
    look();
  });
}

/** Runs a handshake with its deadline; a failed one closes the socket. */
async function within<T>(socket: Socket, body: () => Promise<T>): Promise<T> {
  let callOff = (): void => {};
  const late = new Promise<never>((_, reject) => {
    const giveUp = (): void => reject(new HandshakeError("slow", `was not done in ${DEADLINE / 1e3} s`));
    callOff = afterPatience(DEADLINE, giveUp);
  });
  const swallow = (): void => {}; // a reset also closes, which is what is waited for
  socket.on("error", swallow);
  try {
    const result = await Promise.race([body(), late]);
    socket.off("error", swallow);
    return result;
  } catch (error) {
    socket.destroySoon();
    throw error;
  } finally {
    callOff();
  }
}
