import { isStatus } from '../policy/rules.js';
import type { FoundResponse } from './responses.js';

// The table of the places where clients keep the status and the headers of a response. A new client is a new entry here.
// The core reads the places of `responseIn`; `ostinato/http` reads all of them.

/**
 * What the core can read of the response that an error is about: of axios, ky and got; the AWS SDK; undici; a response
 * that was thrown; node:http2. The status is a whole number from 100 to 999.
 *
 * A number in `code` is a status from 100 to 599, and only where headers or a response stand beside it (OpenAPI Generator,
 * SendGrid): libraries have numbers of their own there. A getter that throws throws here as well.
 */
export function responseIn(error: any): FoundResponse {
  const { response, $response, code } = error;
  const headers = response?.headers ?? $response?.headers ?? error.headers;
  return {
    status: [
      response?.status,
      response?.statusCode,
      error.$metadata?.httpStatusCode,
      $response?.statusCode,
      error.statusCode,
      error.status,
      error[':status'],
      code < 600 && (headers ?? response) && code,
    ].find(isStatus),
    headers,
  };
}

/**
 * Objects that are, or hold, a response, if there are headers in them: Fern and Speakeasy; Supabase; tRPC, Elasticsearch
 * and OpenSearch; Speakeasy; Hapi; Hono; Hugging Face; Shopify, with a number in `response.code`.
 */
export const MORE_RESPONSES = [
  'rawResponse',
  'context',
  'meta',
  'httpMeta',
  'output',
  'res',
  'httpResponse',
  'response',
];

/** A status without headers beside it: tRPC; Kiota (Microsoft Graph). */
export const MORE_STATUS = [['data', 'httpStatus'], ['responseStatusCode']];

/** Headers without a status beside them: AI SDK, Kiota. */
export const MORE_HEADERS = 'responseHeaders';
