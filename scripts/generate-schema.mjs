// Generates what the declared collections mean, from schema/collections.json:
//
//   generate-schema.mjs --cpp OUT SCHEMA [FUNCTION]   C++ data and SQL for the engine
//   generate-schema.mjs --migrate DIR SCHEMA          the next D1 migration of the shards, if the
//                                                     declaration has something DIR's do not
//
// The declaration is checked first; a mistake in it is reported by name and nothing is written.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { cpp } from '../schema/generator/cpp.mjs';
import { readSchema } from '../schema/generator/declaration.mjs';
import { migrate } from '../schema/generator/tables.mjs';

async function main([mode, target, source, functionName = 'DeclaredSchema']) {
  const schema = readSchema(readFileSync(source, 'utf8'));
  if (mode === '--cpp') {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, cpp(schema, functionName));
  } else if (mode === '--migrate') {
    const file = await migrate(target, schema);
    if (file) console.log(`wrote ${file}`);
  } else {
    throw new Error(
      'usage: generate-schema.mjs --cpp OUT SCHEMA [FUNCTION] | --migrate DIR SCHEMA',
    );
  }
}

if (import.meta.filename === process.argv[1]) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
