// Exits 0 when the URL answers with a status below 500, otherwise 1.
try {
  const response = await fetch(process.argv[2], { signal: AbortSignal.timeout(5_000) });
  process.exit(response.status < 500 ? 0 : 1);
} catch {
  process.exit(1);
}
