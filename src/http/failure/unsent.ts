import type { Level } from './level.js';

/** What was going on when a connection failed that had not been made: nothing can have left. */
const MESSAGE =
  /\bconnect E[A-Z]+|\bgetaddrinfo |\bquery[A-Z]\w* E[A-Z]+|before secure TLS connection was established|did not establish a connection/;

/** Whether the failure happened while a connection was being made, as system errors and copies of their text tell. */
export function isUnsent(level: Level): boolean {
  return (
    /^(?:connect|getaddrinfo|query[A-Z]\w*)$/.test(level.text('syscall')) ||
    // undici tells how much has left through this socket.
    level.read('socket', 'bytesWritten') === 0 ||
    MESSAGE.test(level.message)
  );
}
