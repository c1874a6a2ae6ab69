import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { onTestFinished } from 'vitest';

/** A server on loopback for one test, and what it has seen. */
export interface TestServer {
  readonly url: string;
  /** Requests whose head has arrived. */
  readonly requests: {
    readonly method: string;
    readonly headers: IncomingMessage['headers'];
    body: string;
  }[];
  /** TCP connections, whether or not a request came over them. */
  connections: number;
}

/** Answers one request; `count` is its number, from 1. */
export type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** Serves until the test is over. */
export function serve(answer: Answer): Promise<TestServer> {
  return listen((listener) => createServer(listener), 'http', answer);
}

/** The same over TLS, with one of the certificates that nobody should trust. */
export function serveTls(certificate: 'self-signed' | 'expired', answer: Answer): Promise<TestServer> {
  const pem = { key: certificateFile('key'), cert: certificateFile(certificate) };
  return listen((listener) => createSecureServer(pem, listener), 'https', answer);
}

export const certificateFile = (name: string): string =>
  readFileSync(new URL(`./certificates/${name}.pem`, import.meta.url), 'utf8');

/** An address that nobody listens at. */
export async function closedPort(): Promise<string> {
  const server = createTcpServer();
  const url = await addressOf(server, 'http');
  await new Promise((resolve) => server.close(resolve));
  return url;
}

async function listen(
  create: (listener: RequestListener) => Server,
  scheme: string,
  answer: Answer,
): Promise<TestServer> {
  const seen: TestServer = { url: '', requests: [], connections: 0 };
  const server = create((request, response) => {
    const entry = { method: request.method ?? '', headers: request.headers, body: '' };
    const count = seen.requests.push(entry);
    request.setEncoding('utf8').on('data', (chunk: string) => (entry.body += chunk));
    // What is wrong with the connection is what the test is about.
    request.on('error', () => {});
    answer(request, response, count);
  });
  server.on('connection', () => seen.connections++);
  const url = await addressOf(server, scheme);
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        (server as { closeAllConnections?(): void }).closeAllConnections?.();
      }),
  );
  return Object.assign(seen, { url });
}

function addressOf(server: Server, scheme: string): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      resolve(
        `${scheme}://localhost:${(server.address() as AddressInfo).port}/`.replace(
          'localhost',
          scheme === 'https' ? 'localhost' : '127.0.0.1',
        ),
      );
    });
  });
}
