/**
 * Blocks: the pieces that segments are cut into. The free ones of a home are in a list by size; a
 * request takes the smallest that is large enough, and neighbours join when both are free.
 */

/** Blocks start on cache lines and their sizes are multiples of one. */
export const LINE = 64;

export interface Block {
  address: number;
  bytes: number;
  free: boolean;
  before: Block | null;
  after: Block | null;
  /** Free blocks of the same home, smallest first. */
  list: Block[];
}

/** Takes the smallest block of at least `size` bytes from a list of free ones. */
export function take(blocks: Block[], size: number): Block | undefined {
  const at = position(blocks, size);
  return at < blocks.length ? blocks.splice(at, 1)[0] : undefined;
}

/** Cuts the tail off a block that is larger than needed. */
export function split(block: Block, size: number): void {
  const rest = block.bytes - size;
  if (rest < LINE) return;
  const tail: Block = {
    address: block.address + size,
    bytes: rest,
    free: true,
    before: block,
    after: block.after,
    list: block.list,
  };
  if (block.after) block.after.before = tail;
  block.after = tail;
  block.bytes = size;
  list(tail);
}

/** Puts a block among the free ones, joined with neighbours that are free, too. */
export function release(block: Block): void {
  block.free = true;
  const { after, before } = block;
  if (after?.free) {
    unlist(after);
    join(block, after);
  }
  if (before?.free) {
    unlist(before);
    join(before, block);
    list(before);
  } else list(block);
}

/** Takes a block off the list of free ones. */
export function unlist(block: Block): void {
  block.list.splice(block.list.indexOf(block, position(block.list, block.bytes)), 1);
}

/** Whether a free block is a whole segment. */
export function isSegment({ before, after }: Block): boolean {
  return !before && !after;
}

function join(left: Block, right: Block): void {
  left.bytes += right.bytes;
  left.after = right.after;
  if (right.after) right.after.before = left;
}

/** Puts a block among the free ones of its home. */
function list(block: Block): void {
  block.list.splice(position(block.list, block.bytes), 0, block);
}

/** First index in a free list whose block has at least `size` bytes. */
function position(blocks: readonly Block[], size: number): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (blocks[middle].bytes < size) low = middle + 1;
    else high = middle;
  }
  return low;
}
