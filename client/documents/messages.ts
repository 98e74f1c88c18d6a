// What the holders of a store tell each other about its queue.

import { DocumentError } from './errors.ts';
import type { QueueState } from './types.ts';

export type Failure = { code: string; message: string; status: number | undefined } | null;

export type Message =
  | { kind: 'hello' | 'flush' | 'resume' }
  | { kind: 'status'; state: QueueState; error: Failure };

export const failureOf = (error: DocumentError | null): Failure =>
  error && { code: error.code, message: error.message, status: error.status };

export const errorOf = (failure: Failure): DocumentError | null =>
  failure && new DocumentError(failure.code, failure.message, { status: failure.status });
