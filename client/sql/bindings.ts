// Values for a statement's parameters. What SQLite cannot keep is refused here by its place: D1
// would take some of it for null or for a text.

import { CollegeDBError } from './errors.ts';

function problem(value: unknown): string | undefined {
  if (value === null) return undefined;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${value}: SQLite has no such number`;
    case 'undefined':
      return 'is undefined: give null for NULL';
    case 'bigint':
      return 'is a bigint: give a number below 2^53, or a text';
    case 'object':
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return undefined;
      return value instanceof Date
        ? 'is a Date: give its time, or its text'
        : 'is an object: give its JSON';
    default:
      return `is a ${typeof value}`;
  }
}

export function checkBindings(bindings: unknown): asserts bindings is readonly unknown[] {
  if (!Array.isArray(bindings)) {
    throw new CollegeDBError('The bindings are an array of values', 'INVALID_BINDING');
  }
  for (let index = 0; index < bindings.length; index += 1) {
    const what = problem(bindings[index]);
    if (what === undefined) continue;
    throw new CollegeDBError(`Binding ${index + 1} ${what}`, 'INVALID_BINDING');
  }
}
