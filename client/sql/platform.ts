// What a runtime gives, under workerd. The package's build puts platform_node.ts in its place for
// any other: both export the same names.

import { DurableObject, env, waitUntil as extend } from 'cloudflare:workers';

export { DurableObject };

/** What of `AsyncLocalStorage` is used. */
interface Scopes<T> {
  run<R>(store: T, callback: () => R): R;
  getStore(): T | undefined;
}
interface Hooks {
  AsyncLocalStorage: new <T>() => Scopes<T>;
}

// Without the flag nodejs_als or nodejs_compat there is no such module, and a bundler need not find
// it either.
const name: string = 'node:async_hooks';
const hooks = (await import(/* @vite-ignore */ name).catch(() => undefined)) as Hooks | undefined;

export const AsyncLocalStorage = hooks?.AsyncLocalStorage;

/** Lets work go on after the answer, where a request is under way. */
export function waitUntil(work: Promise<unknown>): void {
  try {
    extend(work);
  } catch {
    // Outside of a request nothing ends the work.
  }
}

/** What the Worker says it is: `production`, or anything else. */
export function environment(): string | undefined {
  const { ENVIRONMENT } = env as { ENVIRONMENT?: unknown };
  return typeof ENVIRONMENT === 'string' ? ENVIRONMENT : undefined;
}
