import type { Server } from './server.js';

/** Where a server is; a reason instead where it could not be had. */
export type Service = { readonly url: string; readonly server?: Server } | { readonly missing: string };

/**
 * A server by its URL, or one that is started. Where it cannot be had the suites that need it are skipped, and say so;
 * with REQUIRE_SERVICES=1 this throws instead, so that no CI is green by luck.
 */
export async function service(
  name: string,
  url: string | undefined,
  start: () => Promise<Server>,
): Promise<Service> {
  if (url) return { url };
  try {
    const server = await start();
    return { url: server.url, server };
  } catch (error) {
    return missing(`no ${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Says that something is missing that suites need: a warning, or an error with REQUIRE_SERVICES=1. */
export function missing(reason: string): { readonly missing: string } {
  if (process.env['REQUIRE_SERVICES'] === '1') {
    throw new Error(`REQUIRE_SERVICES=1, and there is ${reason}`);
  }
  console.warn(`\nSKIPPED, not run: every suite that needs it, for there is ${reason}\n`);
  return { missing: reason };
}
