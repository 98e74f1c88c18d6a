// What the product does not tell of itself: rows written, and the engine's memory at its largest.
// Metered from outside, by wrapping the methods that every operation goes through.

import { Held } from '../../worker/drive.ts';
import { Engine } from '../../worker/engine.ts';

export const meters = {
  spaceRowsWritten: 0,
  shardRowsWritten: 0,
  memoryBytesMax: 0,
  projects: false, // while false, alarms do nothing: projection would run beside what is timed
};

const resultSet = Held.prototype.resultSet;
Held.prototype.resultSet = function (statement, rows, written) {
  const result = resultSet.call(this, statement, rows, written);
  // D1 gives its rows as an array, a Durable Object's SQLite as a cursor.
  if (Array.isArray(rows)) meters.shardRowsWritten += result[0];
  else meters.spaceRowsWritten += result[0];
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
