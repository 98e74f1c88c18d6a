// How much goes in a request, by how earlier ones went. It is not kept: a queue that is opened anew
// learns it again.
//
// Rules:
// - A request that had no answer in time is followed by half as much, down to one operation; each
//   that succeeds doubles it again.
// - Once the server said that a document is in shards, a request holds one collection's operations;
//   of a collection that is in several shards itself, one.
// - Operations that were refused together go one by one; deletions only if there was nothing else,
//   so that the server still sees how many they are.

import type { Outgoing } from './sending.ts';
import type { Mutation } from './types.ts';

const operationsMax = 100;
const bytesMax = 1_000_000;
/** So little is no burden, and the way back up is short. */
const bytesLeast = 16_000;

export const sizeOf = ({ operation }: Outgoing): number => JSON.stringify(operation).length;

export class Limits {
  operations = operationsMax;
  bytes = bytesMax;
  readonly #alone = new Set<number>();
  #isSharded = false;
  readonly #spread = new Set<string>();

  isAlone({ number, allow, collection }: Mutation): boolean {
    const isMeant = Boolean(allow.allowEmpty || allow.allowLargeDelete);
    return isMeant || this.#alone.has(number) || this.#spread.has(collection);
  }

  /** Whether they may be in one request. */
  together(one: Mutation, other: Mutation): boolean {
    return !this.#isSharded || one.collection === other.collection;
  }

  succeeded(): void {
    this.operations = Math.min(operationsMax, this.operations * 2);
    this.bytes = Math.min(bytesMax, this.bytes * 2);
  }

  timedOut(batch: readonly Outgoing[]): void {
    const bytes = batch.reduce((sum, one) => sum + sizeOf(one), 0);
    this.operations = Math.max(1, Math.floor(batch.length / 2));
    this.bytes = Math.max(bytesLeast, Math.floor(Math.min(bytes, this.bytes) / 2));
  }

  spansShards(batch: readonly Outgoing[]): void {
    const [first, ...others] = new Set(batch.map(({ mutation }) => mutation.collection));
    this.#isSharded = true;
    if (first !== undefined && others.length === 0) this.#spread.add(first);
  }

  refused(batch: readonly Outgoing[]): void {
    const upserts = batch.filter(({ operation }) => operation.op === 'upsert');
    const suspects = upserts.length > 0 ? upserts : batch;
    for (const { mutation } of suspects) this.#alone.add(mutation.number);
  }
}
