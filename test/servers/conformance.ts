import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, inject, test } from 'vitest';
import type { PolicySpec } from '../../src/index.js';
import { crashes } from './conformance/crashes.js';
import type { Given, Size } from './conformance/given.js';
import { handlers } from './conformance/handlers.js';
import { load } from './conformance/load.js';
import { outcomes } from './conformance/outcomes.js';
import { createDatabase } from './postgres.js';
import type { Subject } from './subject.js';
import { subjectNamed } from './subjects.js';
import { Trial } from './trial.js';

/** Part of every test run. On lateness it says little: the machine may be busy with anything. */
const NORMAL: Size = { jobs: 150, kills: 4, lateJobs: 100, lateOverMs: 1_000, lateShare: 1, worstMs: 2_000 };

/** Run by hand, for figures, on a machine that has nothing else to do. */
const SOAK: Size = {
  jobs: 1_000,
  kills: 12,
  lateJobs: 500,
  lateOverMs: 10_000,
  lateShare: 0.99,
  worstMs: 150,
};

/**
 * What every queue has to show on a real server. A test file is one call of this; `soak` is what a soak run asks of this
 * queue beyond the usual.
 */
export function conformance(name: string, soak: Partial<Size> = {}): void {
  const services = inject('services');
  const isSoak = services.mode === 'soak';
  const service = name.includes('on redis') ? services.redis : services.postgres;
  const missing = 'missing' in service ? service.missing : undefined;

  describe.skipIf(missing)(`${name}${missing ? ` (not run: ${missing})` : ''}`, () => {
    let subject: Subject;
    let url = 'url' in service ? service.url : '';
    const figures: Record<string, unknown> = {};

    beforeAll(async () => {
      subject = await subjectNamed(name);
      if (subject.server === 'postgres')
        url = await createDatabase(url, `t_${randomUUID().replaceAll('-', '')}`);
    });
    afterAll(() => {
      if (isSoak) note(name, figures);
    });

    const it: Given['it'] = test.extend<{ open: (spec: PolicySpec, at?: string) => Promise<Trial> }>({
      open: async ({ onTestFinished }, use) => {
        await use(async (spec, at = url) => {
          const trial = await Trial.open(subject, at, { jitter: 'none', ...spec });
          onTestFinished(() => trial.close());
          return trial;
        });
      },
    });
    const given: Given = {
      it,
      subject: () => subject,
      size: isSoak ? { ...SOAK, ...soak } : NORMAL,
      figures,
    };

    describe.concurrent('in one process', () => {
      outcomes(given);
      handlers(given);
    });
    describe.concurrent('with processes that die', () => crashes(given));
    describe('under load', () => load(given));
  });
}

/** The figures of a soak run, for the documentation. */
function note(name: string, figures: object): void {
  const folder = resolve(import.meta.dirname, '../../.cache/soak');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name.replaceAll(' ', '-')}.json`), JSON.stringify(figures, null, 2));
  console.info(name, JSON.stringify(figures));
}
