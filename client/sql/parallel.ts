// Work on many things, of which only so many are under way.

/** Runs `work` for all items, so many at once; the first failure ends it. */
export async function forEach<T>(
  items: readonly T[],
  at_once: number,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const index = next;
      next += 1;
      await work(items[index] as T, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(at_once, items.length) }, worker));
}
