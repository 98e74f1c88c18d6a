// Tokens: JWTs signed by HS256 and nothing else (RFC 7519, RFC 8725). `kid` names the secret by the
// first 8 hexadecimal digits of its SHA-256: JWT_SECRET signs, and JWT_SECRET_PREVIOUS still
// verifies what it signed before.

import { errors, jwtVerify, SignJWT } from 'jose';
import type { Env } from '../env.ts';
import type { IdentityFrame, Params } from '../frames.ts';
import { Refused } from '../refused.ts';

export const ISSUER = 'tidemark';

export const TOKEN_SECONDS = 30 * 86_400;

/** A token of the user whom the core has found (wasm/accounts/verify_link.cc). */
export async function signToken(env: Env, { user_id, email, role, version }: Params) {
  const { kid, secret } = await signingKey(secretOf(env));
  return new SignJWT({ user_id, email, role, version: Number(version) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
    .setSubject(user_id as string)
    .setIssuer(ISSUER)
    .setAudience(ISSUER)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setExpirationTime(`${TOKEN_SECONDS}s`)
    .sign(secret);
}

/** What was verified: a signature stays true as long as the secrets are the same, and of the claims
 * only the time has to be looked at again. The oldest goes first. */
const verified = new Map<string, Verified>();
const VERIFIED_MAX = 1_000;
const TOKEN_UNITS_MAX = 2_048; // Ours have about 400.

interface Verified {
  identity: IdentityFrame;
  secrets: string;
}

/** Whom a token names. Throws Refused: `invalid_token`, `not_configured`. */
export async function verifyToken(token: string, env: Env): Promise<IdentityFrame> {
  const secrets = [secretOf(env), env.JWT_SECRET_PREVIOUS].filter((secret) => secret !== undefined);
  const known = verified.get(token);
  if (known?.secrets === secrets.join() && Date.now() < expiresMsOf(known.identity)) {
    return known.identity;
  }
  try {
    const identity = await verify(token, await Promise.all(secrets.map(signingKey)));
    remember(token, { identity, secrets: secrets.join() });
    return identity;
  } catch (error) {
    const expired = error instanceof errors.JWTExpired;
    const help = expired ? 'The token has expired: sign in again' : 'Sign in for a new token';
    throw new Refused(401, 'invalid_token', 'Invalid token', help);
  }
}

function expiresMsOf([, , , , , , expiresMs]: IdentityFrame): number {
  return expiresMs;
}

function remember(token: string, known: Verified): void {
  if (token.length > TOKEN_UNITS_MAX) return;
  verified.delete(token);
  verified.set(token, known);
  for (const [oldest] of verified) {
    if (verified.size <= VERIFIED_MAX) break;
    verified.delete(oldest);
  }
}

/** Throws Refused `not_configured`. */
export function secretOf(env: Env): string {
  if (env.JWT_SECRET) return env.JWT_SECRET;
  throw new Refused(503, 'not_configured', 'No signing secret is set', 'Set JWT_SECRET');
}

async function verify(token: string, keys: SigningKey[]): Promise<IdentityFrame> {
  const keyOf = ({ kid }: { kid?: string }) => {
    const key = keys.find((known) => known.kid === kid);
    if (key === undefined) throw new Error('signed by another key');
    return key.secret;
  };
  const { payload } = await jwtVerify(token, keyOf, {
    algorithms: ['HS256'],
    issuer: ISSUER,
    audience: ISSUER,
    requiredClaims: ['exp', 'iat', 'jti', 'user_id'],
  });
  const { user_id: userId, sub, role, org, tenant, email, version, exp } = payload;
  if (typeof userId !== 'string' || sub !== userId) throw new Error('user_id and sub differ');
  const text = (claim: unknown) => (typeof claim === 'string' ? claim : null);
  const issue = typeof version === 'number' && Number.isSafeInteger(version) ? version : 0;
  const expiresMs = Math.floor(Number(exp) * 1000);
  if (!Number.isSafeInteger(expiresMs)) throw new Error('exp is no time');
  return [userId, text(role) ?? 'none', text(org), text(tenant), text(email), issue, expiresMs];
}

interface SigningKey {
  kid: string;
  secret: Uint8Array;
}
const keys = new Map<string, Promise<SigningKey>>();

async function deriveKey(secret: string): Promise<SigningKey> {
  const bytes = new TextEncoder().encode(secret);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const kid = [...digest.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { kid, secret: bytes };
}

function signingKey(secret: string): Promise<SigningKey> {
  let key = keys.get(secret);
  if (!key) {
    key = deriveKey(secret);
    keys.set(secret, key);
  }
  return key;
}
