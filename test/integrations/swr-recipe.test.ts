import { createElement } from 'react';
import type { SWRConfiguration } from 'swr';
import { beforeAll, describe, onTestFinished, vi } from 'vitest';
import type { PolicySpec } from 'ostinato';
import { type HttpClient, missing, promisesOfHttp } from './http-promises.js';
import { recipe } from './recipes.js';

// In a file of its own: with a window, other clients believe that they run in a browser.
describe.skipIf(missing)('SWR', () => {
  let createConfig: (policy: PolicySpec) => SWRConfiguration;
  let getText: (url: string) => Promise<string>;
  let window: import('jsdom').DOMWindow;
  beforeAll(async () => {
    ({ createConfig } = await recipe<{ createConfig: typeof createConfig }>('docs/integrations.md', 'SWR'));
    ({ getText } = await recipe<{ getText: typeof getText }>('docs/integrations.md', 'TanStack Query'));
    const { JSDOM } = await import('jsdom');
    ({ window } = new JSDOM('<div id="root"></div>'));
    vi.stubGlobal('window', window);
    vi.stubGlobal('document', window.document);
  });

  promisesOfHttp(
    async (policy, url): Promise<HttpClient> => {
      const { createRoot } = await import('react-dom/client');
      const { default: useSwr } = await import('swr');
      const { onErrorRetry } = createConfig(policy);
      return {
        query: () =>
          new Promise((resolve, reject) => {
            const config: SWRConfiguration = {
              onSuccess: resolve,
              onErrorRetry(...args) {
                const timers = vi.spyOn(globalThis, 'setTimeout');
                onErrorRetry!(...args);
                // The recipe sets no timer: retrying has ended.
                if (timers.mock.calls.length === 0) reject(args[0] as Error);
                timers.mockRestore();
              },
            };
            const Component = (): null => {
              useSwr(url, getText, config);
              return null;
            };
            const root = createRoot(window.document.getElementById('root')!);
            root.render(createElement(Component));
            onTestFinished(() => root.unmount());
          }),
      };
    },
    { hasNoPost: true, cannotAbort: true },
  );
});
