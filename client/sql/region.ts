// Where a request comes from, as a region of D1.

import { closestRegion, type Place } from './core.ts';
import type { D1Region } from './types.ts';

/** The region nearest to who asks, by what Cloudflare says of the request (`request.cf`); `wnam`
 * where it says nothing. */
export function getClosestRegionFromIP(request: object): D1Region {
  const { cf } = request as { cf?: Place | null };
  return closestRegion(cf ?? {});
}
