import { fetch as undiciFetch, Request as UndiciRequest } from 'undici';
import { test } from 'vitest';
import { checkChains } from '../http/hops.js';

const seed = Number(process.env['PROPERTY_SEED']);

test('in 3 000 chains of hops no POST is processed twice by the fetch of Node', async () => {
  await checkChains(3_000, seed, (input, init) => fetch(input, init));
});

test('in 3 000 chains of hops no POST is processed twice by the fetch of undici', async () => {
  const fetch = undiciFetch as unknown as typeof globalThis.fetch;
  await checkChains(3_000, seed, fetch, UndiciRequest as unknown as typeof Request);
});
