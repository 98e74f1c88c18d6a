// What `prepare` gives: a statement of one key. It is bound as a statement of D1 is, and routed
// when it runs.

import { checkBindings } from './bindings.ts';
import type { QueryResult } from './types.ts';

type Row = Record<string, unknown>;

/** How a statement is run, once its values are known. */
export interface Runs {
  run<T>(bindings: readonly unknown[]): Promise<QueryResult<T>>;
  all<T>(bindings: readonly unknown[]): Promise<QueryResult<T>>;
  first<T>(bindings: readonly unknown[]): Promise<T | null>;
}

export class PreparedStatement {
  readonly #runs: Runs;
  readonly #bindings: readonly unknown[];

  /** @internal */
  constructor(runs: Runs, bindings: readonly unknown[] = []) {
    this.#runs = runs;
    this.#bindings = bindings;
  }

  /** The statement with these values; this one stays as it is. */
  bind(...values: unknown[]): PreparedStatement {
    checkBindings(values);
    return new PreparedStatement(this.#runs, values);
  }

  run<T = Row>(): Promise<QueryResult<T>> {
    return this.#runs.run<T>(this.#bindings);
  }

  all<T = Row>(): Promise<QueryResult<T>> {
    return this.#runs.all<T>(this.#bindings);
  }

  /** The first row, or one column of it; null where there is none. */
  first<T = Row>(): Promise<T | null>;
  first<T = unknown>(column: string): Promise<T | null>;
  async first<T>(column?: string): Promise<T | null> {
    const row = await this.#runs.first<Row>(this.#bindings);
    if (row === null || column === undefined) return row as T | null;
    return (row[column] ?? null) as T | null;
  }
}
