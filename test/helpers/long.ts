/** Whether tests run in their long form, which repeats what the short one shows at more sizes: `npm run test:long`. */
export const isLong = process.env.WORLDSIZE_TEST_LONG === "1";
