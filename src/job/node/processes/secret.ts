/** The secret of a job: who knows it belongs to it. It is read here and never sent. */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolder } from "../../../platform/node/files.ts";

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
export function jobSecret(
  file: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  loopback: boolean,
): string {
  const named = file ?? env.WORLDSIZE_SECRET_FILE;
  if (named) return check(readPrivate(named), named);
  if (env.WORLDSIZE_SECRET) return check(env.WORLDSIZE_SECRET, "WORLDSIZE_SECRET");
  if (loopback) return check(userSecret(env), userFile(env));
  throw new SecretError(
    "A job across machines needs a secret that all of them know. Make one with " +
      "`head -c 32 /dev/urandom | base64 > job.secret; chmod 600 job.secret`, copy it to every machine, " +
      "and give --secret-file job.secret, or set WORLDSIZE_SECRET.",
  );
}

function userFile(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_CONFIG_HOME || join(homedir(), ".config"), "worldsize", "secret");
}

function userSecret(env: Readonly<Record<string, string | undefined>>): string {
  const file = userFile(env);
  try {
    return readPrivate(file);
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
  return readPrivate(file);
}

function readPrivate(file: string): string {
  try {
    const { mode } = statSync(file);
    if (mode & 0o077) {
      const shown = (mode & 0o777).toString(8);
      throw new SecretError(`Others can read the secret in ${file} (mode ${shown}). Run: chmod 600 ${file}`);
    }
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
