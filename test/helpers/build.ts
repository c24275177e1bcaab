/** Workers run the built library, so the tests build it first. */
export default async function setup(): Promise<void> {
  const { prepare } = (await import("../../tools/setup.mjs" as string)) as {
    prepare(options: { development: boolean }): Promise<void>;
  };
  await prepare({ development: true });
}
