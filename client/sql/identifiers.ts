// Names of tables and columns that a program gives, as SQL that is a name and nothing else.

import { CollegeDBError } from './errors.ts';

const bare = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The name in double quotes. It is letters, digits and `_`, and may have its schema or its table
 * before it, with a dot between. */
export function quoteIdentifier(identifier: string): string {
  const parts = typeof identifier === 'string' ? identifier.trim().split('.') : [];
  if (parts.length === 0 || parts.length > 2 || !parts.every((part) => bare.test(part))) {
    const message = `Invalid SQL identifier: ${String(identifier)}`;
    throw new CollegeDBError(message, 'INVALID_IDENTIFIER');
  }
  return parts.map((part) => `"${part}"`).join('.');
}

/** The name of a column, which has nothing before it. */
export function quoteColumn(identifier: string): string {
  const quoted = quoteIdentifier(identifier);
  if (!quoted.includes('.')) return quoted;
  throw new CollegeDBError(`Invalid SQL identifier: ${identifier}`, 'INVALID_IDENTIFIER');
}

/** What a shard calls a column of its answer, whatever is in it. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
