// Files of schedules; in a page there are none.

/** @throws Error that names the file, where it cannot be read. */
export async function readSchedule(file: string): Promise<string> {
  const { readFile } = await files("--read", file);
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--read ${file}: it cannot be read (${error.code}). Write one with --schedule 1f1b --csv ${file}.`);
  });
}

/** @throws Error that names the file, where it cannot be written. */
export async function writeSchedule(file: string, text: string): Promise<void> {
  const { writeFile } = await files("--csv", file);
  return writeFile(file, text).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--csv ${file}: it cannot be written (${error.code}).`);
  });
}

async function files(option: string, file: string) {
  return import("node:fs/promises").catch(() => {
    throw new Error(`${option} ${file}: a page has no files. Run the script in a terminal.`);
  });
}
