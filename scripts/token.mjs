// Signs an HS256 token with the JWT_SECRET of the environment or of .dev.vars and prints it alone.
// The user's id is made from the e-mail address unless given, so a user is the same every time.

import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs, parseEnv } from 'node:util';
import { SignJWT } from 'jose';

const usage =
  'usage: npm run token -- EMAIL [--user-id ID] [--org O] [--tenant T]' +
  ' [--role user|viewer|admin] [--days N] [--version N]';
const roles = ['user', 'viewer', 'admin'];
const days_max = 3650;

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

function fail(message) {
  console.error(`token: ${message}`);
  process.exit(1);
}

function readSecret() {
  let secret = process.env.JWT_SECRET;
  if (!secret) {
    try {
      secret = parseEnv(readFileSync('.dev.vars', 'utf8')).JWT_SECRET;
    } catch {
      fail('there is no .dev.vars: run npm start once, or copy .dev.vars.example and fill it in');
    }
  }
  if (!secret) fail('.dev.vars has no JWT_SECRET');
  if (Buffer.byteLength(secret) < 32) fail('JWT_SECRET is shorter than the 32 bytes HS256 needs');
  return secret;
}

function readArguments() {
  const text = { type: 'string' };
  try {
    return parseArgs({
      allowPositionals: true,
      options: { 'user-id': text, org: text, tenant: text, role: text, days: text, version: text },
    });
  } catch (error) {
    fail(`${error.message}\n${usage}`);
  }
}

const { positionals, values } = readArguments();
const email = positionals[0]?.trim().toLowerCase() ?? '';
const role = values.role ?? 'user';
const days = Number(values.days ?? 30);
const version = Number(values.version ?? 0); // how often the user has signed out everywhere
if (positionals.length !== 1) fail(`give one e-mail address\n${usage}`);
if (!/^[^\s@]+@[^\s@]+$/.test(email)) fail(`"${positionals[0]}" is not an e-mail address`);
if (!roles.includes(role)) fail(`--role is one of ${roles.join(', ')}`);
if (!(days > 0 && days <= days_max)) fail(`--days is a number from 1 to ${days_max}`);
if (!Number.isSafeInteger(version) || version < 0) fail('--version is a number from 0');

const secret = readSecret();
const user_id = values['user-id'] || `u${sha256(email).slice(0, 24)}`;
const { org, tenant } = values;
const issued_s = Math.floor(Date.now() / 1000);

const token = await new SignJWT({
  user_id,
  email,
  role,
  version,
  ...(org && { org }),
  ...(tenant && { tenant }),
})
  .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid: sha256(secret).slice(0, 8) })
  .setSubject(user_id)
  .setIssuer('tidemark')
  .setAudience('tidemark')
  .setJti(randomUUID())
  .setIssuedAt(issued_s)
  .setExpirationTime(issued_s + Math.round(days * 86_400))
  .sign(new TextEncoder().encode(secret));
console.log(token);
