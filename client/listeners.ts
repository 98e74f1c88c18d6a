// Those who want to be told. One that throws is its app's fault: it is reported as an uncaught
// error, and neither the others nor whoever tells them notice.

export class Listeners<T> {
  readonly #all = new Set<(news: T) => void>();

  add(listener: (news: T) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  tell(news: T): void {
    for (const listener of [...this.#all]) call(listener, news);
  }
}

export function call<T>(listener: (news: T) => void, news: T): void {
  try {
    listener(news);
  } catch (error) {
    report(error);
  }
}

function report(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) reportError(error);
  else {
    queueMicrotask(() => {
      throw error;
    });
  }
}
