// To be done.
export function identity(_env: Record<string, string | undefined>) {}
