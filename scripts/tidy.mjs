// What formatters and linters do not see. Each rule is one row: where it applies, what it forbids.
// Prints "path:line: rule" for every breach and exits 1 if there is one.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const columns_max = 100;
const lines_max = 400;

const code = /\.(cc|h|ts|tsx|mjs|css|cmake)$/;
const typescript = /\.(ts|tsx)$/;
const exempt = /(^|\/)(package-lock\.json|LICENSE|worker-configuration\.d\.ts)$|\.gen\.|\.svg$/;
const logs_allowed = /^(worker\/log\.ts|scripts\/|bench\/|tests\/|cli\/)/;
const sql_places = 'client/stores/sqlite|client/sql/(build|texts)\\.|scripts/generate-schema';
const sql_allowed = new RegExp(`^((cli|wasm|schema|tests|bench)/|${sql_places})`);
const sql =
  /\b(SELECT\b.+\bFROM\b|INSERT (OR \w+ )?INTO|UPDATE \w+ SET|DELETE FROM|CREATE (TABLE|INDEX))/;

const line_rules = [
  {
    rule: `over ${columns_max} columns`,
    applies: (path) => code.test(path) || /(^|\/)(scripts\/[a-z-]+|\.ci\/run)$/.test(path),
    breaks: (line) => [...line].length > columns_max && !/https?:\/\/\S{40}/.test(line),
  },
  {
    rule: 'an unfinished note: finish it or file it',
    applies: (path) => code.test(path) && path !== 'scripts/tidy.mjs',
    breaks: (line) => /\b(TODO|FIXME|XXX)\b/.test(line),
  },
  {
    rule: 'a type that is switched off',
    applies: (path) => typescript.test(path),
    breaks: (line) => /\bas any\b|@ts-(ignore|nocheck)/.test(line),
  },
  {
    rule: 'console.log outside the logger',
    applies: (path) => /\.(ts|tsx|mjs)$/.test(path) && !logs_allowed.test(path),
    breaks: (line) => /\bconsole\.log\b/.test(line),
  },
  {
    rule: 'SQL text outside wasm/ and schema/',
    applies: (path) => code.test(path) && !sql_allowed.test(path) && path !== 'scripts/tidy.mjs',
    breaks: (line) => sql.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line),
  },
];

// Files of the work tree that git does not ignore, new ones too.
const paths = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path && !exempt.test(path) && existsSync(path));

const breaches = [];
for (const path of paths) {
  const rules = line_rules.filter((rule) => rule.applies(path));
  if (!rules.length && !code.test(path)) continue;
  const lines = readFileSync(path, 'utf8').split('\n');
  if (code.test(path) && lines.length > lines_max + 1) {
    breaches.push(`${path}:${lines_max}: over ${lines_max} lines`);
  }
  for (const [index, line] of lines.entries()) {
    for (const { rule, breaks } of rules) {
      if (breaks(line)) breaches.push(`${path}:${index + 1}: ${rule}`);
    }
  }
}

for (const breach of breaches) console.error(breach);
process.exit(breaches.length ? 1 : 0);
