import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Cutter } from './payments.js';

/** A server on loopback that passes on what it gets to the server of a URL and back, until it is asked to cut. */
export async function startCutter(
  serverUrl: string,
): Promise<Cutter & { readonly url: string; readonly stop: () => Promise<void> }> {
  const target = new URL(serverUrl);
  const open = new Set<Socket>();
  let armed = false;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    let cutsNext = false;
    const close = (): void => {
      client.destroy();
      server.destroy();
      open.delete(client);
    };
    open.add(client);
    client.on('data', (bytes: Buffer) => {
      if (armed && /commit/i.test(bytes.toString('latin1'))) {
        armed = false;
        cutsNext = true;
      }
      server.write(bytes);
    });
    server.on('data', (bytes: Buffer) => (cutsNext ? close() : client.write(bytes)));
    for (const socket of [client, server]) socket.on('close', close).on('error', close);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(serverUrl);
  url.port = String((proxy.address() as { port: number }).port);
  return {
    url: url.href,
    cutAtCommit: () => {
      armed = true;
    },
    stop: async () => {
      for (const socket of open) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
