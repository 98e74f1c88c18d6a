// What the product does not tell of itself: rows written, the engine's memory and what JavaScript
// holds at their largest, and calls to objects.
// Metered from outside, by wrapping the methods that every operation goes through.

import { Held } from '../../worker/drive.ts';
import { Engine } from '../../worker/engine.ts';
import type { Env } from '../../worker/env.ts';

export const meters = {
  spaceRowsWritten: 0, // in any object
  documentRowsWritten: 0, // of those, in objects of documents
  shardRowsWritten: 0,
  memoryBytesMax: 0,
  heldBytesMax: 0, // of one text that is kept, or of what one command gives away
  projects: false, // while false, alarms do nothing: projection would run beside what is timed
  countsCalls: false, // while true, calls to objects are counted
  objectCalls: 0,
};

const resultSet = Held.prototype.resultSet;
Held.prototype.resultSet = function (statement, rows, written) {
  const result = resultSet.call(this, statement, rows, written);
  // D1 gives its rows as an array, a Durable Object's SQLite as a cursor.
  if (Array.isArray(rows)) meters.shardRowsWritten += result[0];
  else meters.spaceRowsWritten += result[0];
  if (/\b(record|member|journal)\b/.test(statement[0])) meters.documentRowsWritten += result[0];
  return result;
};

function noteMemory(engine: Engine): void {
  meters.memoryBytesMax = Math.max(meters.memoryBytesMax, engine.memoryBytes);
}

const { begin, resume } = Engine.prototype;
Engine.prototype.begin = function (request) {
  const step = begin.call(this, request);
  noteMemory(this);
  return step;
};
Engine.prototype.resume = function (operation, results) {
  const step = resume.call(this, operation, results);
  noteMemory(this);
  return step;
};

function noteHeld(bytes: number): void {
  meters.heldBytesMax = Math.max(meters.heldBytesMax, bytes);
}

const { keep, bytes } = Held.prototype;
Held.prototype.keep = function (kept) {
  // A unit of text takes two bytes at most.
  if (typeof kept === 'string') noteHeld(kept.length * 2);
  return keep.call(this, kept);
};
Held.prototype.bytes = function (parts) {
  const pieces = bytes.call(this, parts);
  noteHeld(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  return pieces;
};

/** The bindings to objects, each of which counts whenever an object is reached for. */
export function counted(env: Env): Env {
  const counting = <T extends object>(namespace: T): T =>
    new Proxy(namespace, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name === 'get' || name === 'getByName') meters.objectCalls += 1;
        return value.bind(target) as unknown;
      },
    });
  return {
    ...env,
    SPACE: counting(env.SPACE),
    LIMITER: counting(env.LIMITER),
    DB_SHARD: counting(env.DB_SHARD),
  };
}
