/** Whether tests run in their long form, which repeats what the short one shows at more sizes: `npm run test:long`. */
export const isLong = process.env.WORLDSIZE_TEST_LONG === "1";

/** All cases in the long form; in the short one those at these places, of which each shows something of its own. */
export function cases<C>(all: readonly C[], ...short: readonly number[]): readonly C[] {
  return isLong ? all : short.map((place) => all[place]);
}
