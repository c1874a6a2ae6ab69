/** Names and values of the headers of a request, in each form that undici takes. */
export function* headerPairs(headers: any): Generator<readonly [name: any, value: any]> {
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    for (let i = 0; i + 1 < headers.length; i += 2) yield [headers[i], headers[i + 1]];
  } else if (typeof headers?.[Symbol.iterator] === 'function') {
    yield* headers;
  } else if (headers) {
    for (const [name, value] of Object.entries(headers)) yield [name, value];
  }
}
