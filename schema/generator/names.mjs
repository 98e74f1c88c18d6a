// Names and values as SQL writes them.

export const quote = (name) => `"${name}"`;

export const literal = (value) =>
  typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`;
