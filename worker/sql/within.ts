// A deadline for what has none of its own.

/** For each thing that is asked whether it is there. */
export const PROBE_MS = 3_000;

/** Rejects where the work takes longer; what it does later is nobody's business. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
