// What a runtime gives, under Node: the twin of platform.ts.

export { AsyncLocalStorage } from 'node:async_hooks';

/** Nothing ends work that goes on. */
export function waitUntil(_work: Promise<unknown>): void {}

export function environment(): string | undefined {
  return process.env.ENVIRONMENT;
}

/** A Durable Object without a runtime: the class can be named, and be made by a test. */
export class DurableObject {
  readonly ctx: unknown;
  readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}
