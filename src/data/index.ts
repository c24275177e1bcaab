/** What models learn from. */
export {};
