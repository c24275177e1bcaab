/** Whoever follows a program operation by operation, such as a check of types along axes. */

/** Told of every operation that is recorded, gradients or not, after it was carried out. @param args as it was called. */
export type Observer = (operation: string, args: object, result: unknown) => void;
