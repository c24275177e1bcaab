export async function benchCommand(_args: readonly string[]): Promise<number> {
  return 0;
}
