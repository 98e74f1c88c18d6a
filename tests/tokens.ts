// Tokens for tests, signed as `npm run token` signs them; claims can be bent at will.

import { env } from 'cloudflare:workers';
import { type JWTPayload, SignJWT } from 'jose';

export async function keyId(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  const bytes = [...new Uint8Array(digest).subarray(0, 4)];
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function signToken(
  userId: string,
  claims: JWTPayload = {},
  secret = env.JWT_SECRET as string,
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    user_id: userId,
    email: `${userId}@example.com`,
    sub: userId,
    role: 'user',
    iss: 'tidemark',
    aud: 'tidemark',
    iat: now,
    exp: now + 3600,
    jti: crypto.randomUUID(),
    ...claims,
  };
  return await new SignJWT(payload)
    .setProtectedHeader({ alg: 'HS256', kid: await keyId(secret) })
    .sign(new TextEncoder().encode(secret));
}
