import { inject } from 'vitest';
import type { Server } from '../servers/server.js';
import { type Service, service } from '../servers/service.js';

/** A server that a test file needs; it does not start where the packages of this folder are missing. */
export async function needed(
  name: string,
  url: string | undefined,
  start: () => Promise<Server>,
): Promise<Service> {
  const missing = inject('missingPackages');
  return missing === undefined ? service(name, url, start) : { missing };
}
