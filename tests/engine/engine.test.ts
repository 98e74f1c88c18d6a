// The engine's life: operations side by side in one instance, its loss, its memory, its retirement.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { drive, Held, type Host } from '../../worker/drive.ts';
import { Engine, EngineLost, engine } from '../../worker/engine.ts';
import {
  type CommandResult,
  Handle,
  type OutputFrame,
  type ReplyFrame,
} from '../../worker/frames.ts';
import { requestFrame } from '../../worker/requests.ts';
import { Device, newUser, plan } from '../clients.ts';

const T0 = 1_750_000_000_000;
const RETIRE_ABOVE_BYTES = 16 << 20; // worker/engine.ts
const OPERATIONS_MAX = 256; // limits.h, kLiveOperationsMax

afterEach(() => {
  vi.restoreAllMocks();
});

const listOf = (user: string) =>
  requestFrame(
    {
      operation: 'list',
      identity: [user, 'user', null, null, null, 0, 0],
      params: { collection: 'plans', cursor: 'abc.5' },
    },
    null,
  );

function commandsOf(step: OutputFrame): [operation: number, kind: string] {
  if (step[0] !== 0) throw new Error(`done already: ${JSON.stringify(step[1])}`);
  return [step[1], String(step[2][0]?.[0])];
}

function replyOf(step: OutputFrame): ReplyFrame {
  if (step[0] !== 1) throw new Error('not done yet');
  return step[1];
}

const down: CommandResult = [false, 'unavailable', 'no D1 here'];
const answered = (number: number): CommandResult => [true, 200, { rows: '1' }, new Handle(number)];

/** A read of which D1 knows nothing: D1, catching up, and at last the space. */
function walk(one: Engine, user: string): { operation: number; finish: (n: number) => ReplyFrame } {
  const [operation, first] = commandsOf(one.begin(listOf(user)));
  expect(first).toBe('d1');
  return {
    operation,
    finish: (number) => {
      expect(commandsOf(one.resume(operation, [down]))).toEqual([operation, 'call']);
      expect(commandsOf(one.resume(operation, [down]))).toEqual([operation, 'call']);
      return replyOf(one.resume(operation, [answered(number)]));
    },
  };
}

/** Breaks the instance from inside: results that do not fit what was asked. */
function trap(one: Engine): void {
  const [operation] = commandsOf(one.begin(listOf('trapped')));
  expect(() => one.resume(operation, [down, down, down])).toThrow(EngineLost);
}

describe('operations side by side', () => {
  it('do not mix, in whatever order they are resumed', () => {
    const one = new Engine();
    const walks = Array.from({ length: 50 }, (_, index) => walk(one, `user-${index}`));
    expect(new Set(walks.map(({ operation }) => operation)).size).toBe(50);
    const order = walks.map((_, index) => (index * 17) % 50);
    const replies = order.map((index) => walks[index]?.finish(index));
    for (const [at, reply] of replies.entries()) {
      expect(reply?.[0]).toBe(200);
      expect(reply?.[2]).toEqual([new Handle(order[at] as number)]);
    }
  });

  it('a local one runs between the steps of a spanning one', () => {
    const one = new Engine();
    const waiting = walk(one, 'user-1');
    const health = requestFrame({ operation: 'health', identity: null, params: {} }, null);
    expect(replyOf(one.begin(health))[0]).toBe(200);
    expect(waiting.finish(7)[2]).toEqual([new Handle(7)]);
  });

  it('are bounded: one more is told to come again, and room comes back', () => {
    const one = new Engine();
    const walks = Array.from({ length: OPERATIONS_MAX }, () => walk(one, 'user-1'));
    const [status, , body] = replyOf(one.begin(listOf('user-1')));
    expect(status).toBe(503);
    expect(JSON.parse(new TextDecoder().decode(body[0] as Uint8Array))).toMatchObject({
      error: 'busy',
    });
    walks[100]?.finish(1);
    expect(walk(one, 'user-1').finish(2)[0]).toBe(200);
  });

  it('that are cancelled leave their place', () => {
    const one = new Engine();
    for (let round = 0; round < OPERATIONS_MAX * 4; round += 1) {
      one.cancel(walk(one, 'user-1').operation);
    }
    expect(one.spent).toBe(false);
    expect(walk(one, 'user-1').finish(1)[0]).toBe(200);
  });

  it('are cancelled where their host fails', async () => {
    const one = new Engine();
    const failing: Host = { run: () => Promise.reject(new Error('no host')) };
    for (let round = 0; round < OPERATIONS_MAX + 1; round += 1) {
      await expect(drive(one, listOf('user-1'), failing)).rejects.toThrow('no host');
    }
    expect(walk(one, 'user-1').finish(1)[0]).toBe(200);
  });
});

describe('a lost engine', () => {
  it('is lost to those in flight in it', () => {
    const one = new Engine();
    const inFlight = walk(one, 'user-1');
    trap(one);
    expect(one.lost).toBe(true);
    expect(() => inFlight.finish(1)).toThrow(EngineLost);
    expect(() => one.begin(listOf('user-1'))).toThrow(EngineLost);
    one.cancel(inFlight.operation);
  });

  it('is lost alone', () => {
    const [one, another] = [new Engine(), new Engine()];
    const elsewhere = walk(another, 'user-1');
    trap(one);
    expect(another.lost).toBe(false);
    expect(elsewhere.finish(3)[2]).toEqual([new Handle(3)]);
  });

  it('is replaced: a driven request in flight fails, and the next requests work', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    const before = engine();
    let release = (_: CommandResult) => {};
    const host: Host = { run: () => new Promise((resolve) => (release = resolve)) };
    const inFlight = drive(before, listOf(device.user), host, new Held());
    trap(before);
    release(down);
    await expect(inFlight).rejects.toThrow(EngineLost);

    expect(await device.list('/plans')).toHaveLength(1);
    expect((await device.push({ plans: [plan('q', T0)] })).rejected).toEqual([]);
    expect(engine()).not.toBe(before);
  });

  it('by an operation that is not there, or a request that is none', () => {
    const one = new Engine();
    expect(() => one.resume(12_345, [])).toThrow(EngineLost);
    const another = new Engine();
    const unknown = requestFrame({ operation: 'unknown', identity: null, params: {} }, null);
    expect(() => another.begin(unknown)).toThrow(EngineLost);
  });
});

describe('memory', () => {
  it('does not grow over a thousand mixed requests', async () => {
    vi.spyOn(console, 'log').mockImplementation(() => {});
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    const mixed: ((at: number) => Promise<unknown>)[] = [
      (at) => device.push({ plans: [plan(`p${at % 40}`, T0 + at, { content: 'x'.repeat(500) })] }),
      () => device.sync({}),
      () => device.list('/plans'),
      () => device.list('/history?limit=50'),
      () => device.post('/sync', '{"plans":[{"action":"update"},5,['),
      (at) => device.sync({ plans: [plan('late', T0 - at)], cursor: device.cursor }),
      () => device.get('/plans?limit=0'),
      () => device.post('/history/999999/restore', null),
    ];
    const run = async (from: number, to: number) => {
      for (let at = from; at < to; at += 4) {
        const four = [at, at + 1, at + 2, at + 3];
        await Promise.all(four.map((each) => mixed[each % mixed.length]?.(each)));
      }
    };
    await run(0, 500);
    const [instance, warm] = [engine(), engine().memoryBytes];
    await run(500, 1_500);
    expect(engine()).toBe(instance);
    expect(engine().memoryBytes).toBe(warm);
  }, 60_000);

  it('that a large request took is given back: the idle engine is replaced', async () => {
    const device = new Device(newUser());
    await device.push({ plans: [plan('p', T0)] });
    const before = engine();
    const huge = plan('huge', T0, { content: 'x'.repeat(15 << 20) });
    const answer = await device.sync({ cursor: device.cursor, plans: [huge] });
    expect(answer.rejected).toMatchObject([{ id: 'huge', code: 'record_too_large' }]);
    expect(before.memoryBytes).toBeGreaterThan(RETIRE_ABOVE_BYTES);
    expect(before.spent).toBe(true);
    expect(engine()).not.toBe(before);
    expect(engine().memoryBytes).toBeLessThan(8 << 20);
    expect(await device.list('/plans')).toHaveLength(1);
  });

  it('that grew is kept while an operation is under way', () => {
    const one = new Engine();
    const waiting = walk(one, 'user-1');
    const params = { collection: 'plans', plan: 'x'.repeat(20 << 20) };
    const large = requestFrame({ operation: 'health', identity: null, params }, null);
    expect(replyOf(one.begin(large))[0]).toBe(200);
    expect(one.memoryBytes).toBeGreaterThan(RETIRE_ABOVE_BYTES);
    expect(one.spent).toBe(false);
    expect(waiting.finish(1)[0]).toBe(200);
    expect(one.spent).toBe(true);
  });
});
