// The seed's own case, through the real Worker.

import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { signToken } from '../tokens.ts';

describe('Sync API', () => {
  it('should merge local and remote deltas', async () => {
    const payload = {
      plans: [
        {
          action: 'create',
          id: 'plan-1',
          data: { title: 'French B1', status: 'active', updated_at: 1_700_000_000 },
        },
      ],
      sessions: [],
      cards: [],
    };
    const response = await exports.default.fetch('http://localhost/sync', {
      method: 'POST',
      body: JSON.stringify(payload),
      headers: {
        authorization: `Bearer ${await signToken('user-1')}`,
        'content-type': 'application/json',
      },
    });
    const data = await response.json<{ plans: unknown[] }>();
    console.log(JSON.stringify(data));
    expect(data.plans).toHaveLength(1);
  });
});
