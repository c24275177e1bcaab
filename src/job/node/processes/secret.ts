/** The secret of a job: who knows it belongs to it. It is read here and never sent. */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeFolder } from "../../../platform/node/files.ts";
import { configFolder, whyReadable } from "../../../platform/node/private.ts";
import { type System, thisSystem } from "../../../platform/node/system.ts";

/** Fewest characters of a secret. */
const SHORTEST = 16;

/** There is no secret, or one that others can read. */
export class SecretError extends Error {
  override readonly name = "SecretError";
}

/**
 * The secret from a file, or from WORLDSIZE_SECRET; on loopback, where only this user's
 * processes should meet, from a file of the user's that is made when it is first needed.
 * @throws SecretError with what to do.
 */
export function jobSecret(file: string | undefined, loopback: boolean, system: System = thisSystem()): string {
  const { env, platform } = system;
  const named = file ?? env.WORLDSIZE_SECRET_FILE;
  if (named) return check(readPrivate(named, system), named);
  if (env.WORLDSIZE_SECRET) return check(env.WORLDSIZE_SECRET, "WORLDSIZE_SECRET");
  if (loopback) return check(userSecret(system), userFile(system));
  const make =
    platform === "win32"
      ? "node -e \"fs.writeFileSync('job.secret', crypto.randomBytes(32).toString('hex'))\""
      : "head -c 32 /dev/urandom | base64 > job.secret; chmod 600 job.secret";
  throw new SecretError(
    `A job across machines needs a secret that all of them know. Make one with \`${make}\`, copy it to every machine, ` +
      "and give --secret-file job.secret, or set WORLDSIZE_SECRET.",
  );
}

function userFile(system: System): string {
  return join(configFolder(system), "secret");
}

function userSecret(system: System): string {
  const file = userFile(system);
  try {
    return readPrivate(file, system);
  } catch (error) {
    if (!(error instanceof SecretError) || !error.message.includes("does not exist")) throw error;
  }
  // Several ranks may come here at once: each writes a file of its own, and the first one's gets the name.
  const part = `${file}.${process.pid}`;
  try {
    makeFolder(dirname(file), 0o700);
    writeFileSync(part, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
    linkSync(part, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
      throw new SecretError(`The secret of this user's jobs could not be written: ${(error as Error).message}.`);
    }
  } finally {
    rmSync(part, { force: true });
  }
  return readPrivate(file, system);
}

function readPrivate(file: string, system: System): string {
  try {
    const why = whyReadable("the secret", file, system);
    if (why) throw new SecretError(why);
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    if (error instanceof SecretError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SecretError(code === "ENOENT" ? `The secret file ${file} does not exist.` : message);
  }
}

function check(secret: string, where: string): string {
  if (secret.length >= SHORTEST) return secret;
  throw new SecretError(`The secret in ${where} has ${secret.length} characters; it needs at least ${SHORTEST}.`);
}
