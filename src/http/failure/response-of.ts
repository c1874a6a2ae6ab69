import {
  type FoundResponse,
  isStatus,
  MORE_HEADERS,
  MORE_RESPONSES,
  MORE_STATUS,
  responseIn,
} from '../../internal.js';
import { isObject, read } from './read.js';

/** All places of the table, those that the core reads first. */
export function responseOf(error: object): FoundResponse {
  const own = responseAt(error);
  const more = MORE_RESPONSES.map((name) => read(error, name))
    .filter(isObject)
    .map(responseAt)
    .filter(({ headers }) => isObject(headers));
  return {
    status:
      own.status ??
      [
        ...more.map(({ status }) => status),
        ...MORE_STATUS.map((place) => place.reduce<unknown>(read, error)),
      ].find(isStatus),
    // Headers of node:http2 have the status among them.
    headers:
      own.headers ??
      more[0]?.headers ??
      read(error, MORE_HEADERS) ??
      (read(error, ':status') ? error : undefined),
  };
}

function responseAt(holder: object): Partial<FoundResponse> {
  try {
    return responseIn(holder);
  } catch {
    return {};
  }
}
