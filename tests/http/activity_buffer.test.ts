// How entries of the activity wait and go off, by a clock that the test holds.

import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from 'vitest';
import {
  ActivityBuffer,
  BATCH_ROWS,
  DELAY_MS,
  type Entry,
  type Sent,
  WAITING_MAX,
} from '../../worker/activity_buffer.ts';

let log: MockInstance<typeof console.log>;

beforeEach(() => {
  vi.useFakeTimers();
  log = vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const entry = (path = '/') => ({
  time: Date.now(),
  method: 'GET',
  path,
  status: 200,
  size: 0,
  user: undefined,
  duration_ms: 1,
  error: undefined,
});

/** A buffer, what it sent, and what it made requests wait for. */
class Bench {
  readonly sent: string[][] = [];
  readonly waited: Promise<unknown>[] = [];
  /** How sendings fare: the last word stays. */
  fares: Sent[] = ['kept'];
  /** Until when sendings hang. */
  gate: Promise<unknown> = Promise.resolve();

  readonly buffer = new ActivityBuffer<null>(async (_, entries) => {
    const paths = (JSON.parse(entries) as Entry[]).map(({ path }) => path);
    this.sent.push(paths);
    const [fare = 'kept', ...rest] = this.fares;
    if (rest.length > 0) this.fares = rest;
    await this.gate;
    return fare;
  });

  add(count: number, from = 0): void {
    for (let i = 0; i < count; i += 1) {
      this.buffer.add(entry(`/${from + i}`), null, {
        waitUntil: (work: Promise<unknown>) => void this.waited.push(work),
      });
    }
  }

  get rows(): number[] {
    return this.sent.map((paths) => paths.length);
  }
}

describe('entries', () => {
  it('go off a second after the first, with one timer for all of them', async () => {
    const bench = new Bench();
    bench.add(3);
    await vi.advanceTimersByTimeAsync(DELAY_MS - 1);
    bench.add(2, 3);
    expect([bench.rows, bench.waited.length]).toEqual([[], 1]);
    await vi.advanceTimersByTimeAsync(1);
    expect(bench.sent).toEqual([['/0', '/1', '/2', '/3', '/4']]);
    expect(bench.buffer.size).toBe(0);
    await Promise.all(bench.waited);
  });

  it('go off at once when a hundred wait', async () => {
    const bench = new Bench();
    bench.add(BATCH_ROWS - 1);
    expect(bench.rows).toEqual([]);
    bench.add(1, BATCH_ROWS - 1);
    expect(bench.rows).toEqual([BATCH_ROWS]);
    await vi.advanceTimersByTimeAsync(2 * DELAY_MS);
    expect(bench.rows).toEqual([BATCH_ROWS]);
  });

  it('that come while others are sent go off a second later', async () => {
    const bench = new Bench();
    let open: (value?: unknown) => void = () => {};
    bench.gate = new Promise((resolve) => {
      open = resolve;
    });
    bench.add(1);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    bench.add(250, 1);
    expect(bench.rows).toEqual([1]);
    open();
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(bench.rows).toEqual([1, 100, 100, 50]);
    expect(bench.sent.flat()).toEqual(Array.from({ length: 251 }, (_, i) => `/${i}`));
  });

  it('have numbers of their own', async () => {
    const texts: string[] = [];
    const buffer = new ActivityBuffer<null>(async (_, text) => {
      texts.push(text);
      return 'kept';
    });
    for (let i = 0; i < 5; i += 1) buffer.add(entry(), null, { waitUntil: () => {} });
    await buffer.flush(null);
    const numbers = (JSON.parse(texts[0] ?? '') as Entry[]).map(({ number }) => number);
    expect(numbers).toEqual([0, 1, 2, 3, 4]);
  });

  it('with half a surrogate pair spoil no batch', async () => {
    const bench = new Bench();
    bench.buffer.add({ ...entry('/\ud83d'), user: 'u\udc00' }, null, { waitUntil: () => {} });
    await bench.buffer.flush(null);
    expect(bench.sent).toEqual([['/\ufffd']]);
  });
});

describe('a batch that could not be kept', () => {
  it('is sent again as it was, and before the others', async () => {
    const bench = new Bench();
    bench.fares = ['again', 'kept'];
    bench.add(2);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    bench.add(1, 2);
    expect([bench.rows, bench.buffer.size]).toEqual([[2], 3]);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(bench.sent).toEqual([['/0', '/1'], ['/0', '/1'], ['/2']]);
    expect(bench.buffer.size).toBe(0);
  });

  it('is tried a few times with no request to come, and then by the next one', async () => {
    const bench = new Bench();
    bench.fares = ['again'];
    bench.add(1);
    await vi.advanceTimersByTimeAsync(60 * DELAY_MS);
    expect(bench.rows).toEqual([1, 1, 1, 1, 1]);
    await Promise.all(bench.waited);
    bench.fares = ['kept'];
    bench.add(1, 1);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(bench.rows.slice(5)).toEqual([1, 1]);
  });

  it('is not tried at each request, however many come', async () => {
    const bench = new Bench();
    bench.fares = ['again'];
    for (let ms = 0; ms < 3_000; ms += 30) {
      bench.add(30, ms);
      await vi.advanceTimersByTimeAsync(30);
    }
    expect(bench.rows.length).toBeLessThanOrEqual(8);
    bench.fares = ['kept'];
    await vi.advanceTimersByTimeAsync(2 * DELAY_MS);
    expect(new Set(bench.sent.flat()).size).toBe(3_000);
    expect(bench.buffer.size).toBe(0);
  });

  it('and never will be is dropped and counted', async () => {
    const bench = new Bench();
    bench.fares = ['refused', 'kept'];
    bench.add(150);
    await vi.advanceTimersByTimeAsync(2 * DELAY_MS);
    expect(bench.rows).toEqual([100, 50]);
    expect(log.mock.calls).toEqual([['{"event":"activity.dropped","rows":100}']]);
  });
});

describe('what waits is bounded', () => {
  it('the oldest are dropped, and counted', async () => {
    const bench = new Bench();
    bench.fares = ['again'];
    bench.add(WAITING_MAX + BATCH_ROWS + 7);
    expect(bench.buffer.size).toBe(WAITING_MAX + BATCH_ROWS);
    bench.fares = ['kept'];
    await vi.advanceTimersByTimeAsync(2 * DELAY_MS);
    expect(log.mock.calls).toEqual([['{"event":"activity.dropped","rows":7}']]);
    const sent = new Set(bench.sent.flat());
    expect(sent.size).toBe(WAITING_MAX + BATCH_ROWS);
    expect([sent.has('/99'), sent.has('/100'), sent.has('/106'), sent.has('/107')]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('a request that the runtime ends', () => {
  it('with its timer leaves it to a later one', async () => {
    const bench = new Bench();
    bench.add(1);
    vi.clearAllTimers();
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    bench.add(1, 1);
    expect(bench.waited).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5 * DELAY_MS);
    bench.add(1, 2);
    expect(bench.waited).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(bench.sent).toEqual([['/0', '/1', '/2']]);
  });

  it('while it sends leaves that to a later one', async () => {
    const bench = new Bench();
    bench.gate = new Promise(() => {});
    bench.add(1);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    bench.gate = Promise.resolve();
    bench.add(1, 1);
    await vi.advanceTimersByTimeAsync(40 * DELAY_MS);
    bench.add(1, 2);
    await vi.advanceTimersByTimeAsync(DELAY_MS);
    expect(bench.sent).toEqual([['/0'], ['/0'], ['/1', '/2']]);
    expect(bench.buffer.size).toBe(0);
  });
});
