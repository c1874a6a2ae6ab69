import axios from 'axios';
import got from 'got';
import ky from 'ky';
import OpenAI from 'openai';
import { Agent, interceptors, request } from 'undici';

/** One of the installed clients, with retries of its own turned off: gets a text, throws as the client throws. */
export interface Client {
  readonly name: string;
  get(url: string, signal: AbortSignal): Promise<unknown>;
}

const dispatcher = new Agent().compose(
  interceptors.responseError(),
  interceptors.redirect({ maxRedirections: 3, throwOnMaxRedirect: true }),
);

export const clients: readonly Client[] = [
  {
    name: 'fetch',
    async get(url, signal) {
      const response = await fetch(url, { signal });
      if (!response.ok) throw response;
      return response.text();
    },
  },
  {
    name: 'undici',
    async get(url, signal) {
      const { body } = await request(url, { dispatcher, signal });
      return body.text();
    },
  },
  { name: 'axios', get: async (url, signal) => (await axios.get<unknown>(url, { signal })).data },
  { name: 'got', get: (url, signal) => got(url, { retry: { limit: 0 }, signal }).text() },
  { name: 'ky', get: (url, signal) => ky(url, { retry: 0, signal, timeout: false }).text() },
  {
    name: 'openai',
    get: (baseURL, signal) =>
      new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 }).models.retrieve('any', { signal }),
  },
];
