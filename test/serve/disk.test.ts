/** Pages in files: what is cut short, damaged, somebody else's or does not fit is not there, and never wrong. */
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Engine, HostPages, PagePool, RadixTree } from "../../src/serve/index.ts";
import { DiskPages, type DiskPagesOptions } from "../../src/serve/node/index.ts";
import { EchoRunner } from "./echo.ts";
import { alone, ask, toIdle } from "./helpers.ts";

const upTo = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);
const bytes = (value: number): Uint8Array => new Uint8Array(32).fill(value);

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "pages-"));
});
afterEach(() => fs.rm(folder, { recursive: true }));

const open = (more: Partial<DiskPagesOptions> = {}): Promise<DiskPages> =>
  DiskPages.open({ folder, identity: "a model", most: 1 << 20, pageSize: 4, pageBytes: 32, ...more });

async function filled(pages: number): Promise<DiskPages> {
  const disk = await open();
  for (let i = 1; i <= pages; i++) disk.put(upTo(4 * i), bytes(i));
  await disk.written;
  return disk;
}

const files = async (): Promise<string[]> => (await fs.readdir(folder)).filter((name) => name.endsWith(".bin"));

it("what was put is there, also when the folder is opened again", async () => {
  const first = await filled(3);
  for (const disk of [first, await open()]) {
    expect([disk.find(upTo(20), 0, 9), disk.find(upTo(20), 1, 1), disk.find(upTo(20, 1), 0, 9)]).toEqual([3, 1, 0]);
    for (let i = 0; i < 3; i++) expect(await disk.get(upTo(20), i)).toEqual(bytes(i + 1));
    expect(disk.lost).toBe(0);
  }
  first.put(upTo(4), bytes(9)); // is there
  first.put(upTo(5), bytes(9)); // is no whole page
  first.put(upTo(16), new Uint8Array(31)); // is no page's bytes
  await first.written;
  expect((await files()).length).toBe(3);
});

it.each([{ identity: "another" }, { pageSize: 2 }, { pageBytes: 16 }])("opened as %j it is empty", async (more) => {
  await filled(3);
  await fs.writeFile(join(folder, "page-mine.bin"), "no page of ours");
  const disk = await open(more);
  expect([disk.find(upTo(20), 0, 9), disk.bytes, await files()]).toEqual([0, 0, ["page-mine.bin"]]);
  expect((await open()).bytes).toBe(0);
});

const damages: Record<string, (path: string) => Promise<void>> = {
  "cut short": async (path) => fs.truncate(path, (await fs.stat(path)).size - 1),
  empty: (path) => fs.truncate(path, 0),
  longer: (path) => fs.appendFile(path, "x"),
  gone: (path) => fs.rm(path),
};
for (let at = 0; at < 16 + 16 + 32 + 32; at += 5) {
  damages[`another byte at ${at}`] = async (path) => {
    const file = await fs.readFile(path);
    file[at] ^= 1;
    await fs.writeFile(path, file);
  };
}

it.each(Object.keys(damages))("a file that is %s is not there, open or opened again", async (damage) => {
  const disk = await filled(1);
  await damages[damage](join(folder, (await files())[0]));
  const again = await open();
  for (const each of [again, disk]) {
    const found = await each.get(upTo(4), 0);
    expect([found, each.find(upTo(4), 0, 1)]).toEqual([undefined, 0]);
  }
  expect([disk.bytes, await files()]).toEqual([0, []]);
});

it("one page in another's file is not taken for it", async () => {
  const disk = await filled(1);
  disk.put(upTo(4, 50), bytes(2));
  await disk.written;
  const [a, b] = (await files()).map((name) => join(folder, name));
  await fs.copyFile(a, b);
  const got = [await disk.get(upTo(4), 0), await disk.get(upTo(4, 50), 0)];
  expect(got.filter((each) => each === undefined).length).toBe(1);
  expect(got[0] ?? bytes(1)).toEqual(bytes(1));
  expect(got[1] ?? bytes(2)).toEqual(bytes(2));
});

it("a full disk loses pages and nothing else", async () => {
  let left = 2;
  const full = {
    ...fs,
    writeFile: (async (path: string, data: Uint8Array, options: object) => {
      if (left-- > 0) return fs.writeFile(path, data, options);
      await fs.writeFile(path, data.subarray(0, 5), options);
      throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    }) as typeof fs.writeFile,
  };
  const disk = await open({ files: full }); // the manifest is the first
  for (let i = 1; i <= 3; i++) disk.put(upTo(4 * i), bytes(i));
  await disk.written;
  expect([disk.find(upTo(20), 0, 9), disk.lost, (await fs.readdir(folder)).length]).toEqual([1, 2, 2]);
  expect(await disk.get(upTo(4), 0)).toEqual(bytes(1));
});

it("keeps so many bytes: what was used the longest time ago goes", async () => {
  const size = 16 + 16 + 32 + 32;
  const disk = await open({ most: 2 * size + 16 });
  for (let i = 0; i < 2; i++) disk.put(upTo(4, 10 * i), bytes(i));
  await disk.written;
  await disk.get(upTo(4), 0);
  disk.put(upTo(4, 30), bytes(3));
  await disk.written;
  expect([disk.bytes, disk.find(upTo(4, 10), 0, 1), (await files()).length]).toEqual([2 * size, 0, 2]);
  expect(await disk.get(upTo(4), 0)).toEqual(bytes(0));
});

it("lets no more than 64 pages wait to be written", async () => {
  const disk = await open();
  for (let i = 0; i < 70; i++) disk.put(upTo(4, 10 * i), bytes(i));
  expect(disk.lost).toBe(6);
  await disk.written;
  expect((await files()).length).toBe(64);
});

it("an engine over little memory of the host, over files, takes prefixes from both, and after a new start", async () => {
  let disk = await open();
  for (const start of [0, 1]) {
    const pool = new PagePool(8, 4);
    const runner = new EchoRunner(8, 4);
    const store = new HostPages(4, 100, disk);
    const engine = new Engine({ runner, pool, cache: new RadixTree(pool), store });
    for (const from of [0, 100, 200, 0, 100]) {
      const asked = ask(engine, { prompt: upTo(25, from), maxTokens: 2 });
      await toIdle(engine);
      await disk.written;
      expect(asked.got[0]).toEqual(alone(asked).tokens);
    }
    expect(engine.stats.loadedPages).toBeGreaterThan(start === 0 ? 5 : 10);
    disk = await open();
  }
});
