import { afterAll, beforeAll, describe, test, expect } from 'vitest';
import { startMariaDb } from '../servers/mariadb.js';
import { startCutter } from './cutter.js';
import { mariaDbRival } from './mariadb-rival.js';
import { needed } from './needed.js';
import { promisesOfPayments, type Recipe } from './payments.js';
import { recipe } from './recipes.js';

const mariadb = await needed('MariaDB', process.env['MARIADB_URL'], startMariaDb);
const missing = 'missing' in mariadb ? mariadb.missing : undefined;

describe.skipIf(missing)(missing ? `not run: ${missing}` : 'MariaDB', () => {
  let rival: Awaited<ReturnType<typeof mariaDbRival>>;
  let cutter: Awaited<ReturnType<typeof startCutter>>;

  beforeAll(async () => {
    if (!('url' in mariadb)) return;
    rival = await mariaDbRival(mariadb.url);
    cutter = await startCutter(mariadb.url);
    process.env['MYSQL_URL'] = cutter.url;
  });
  afterAll(async () => {
    await rival.end();
    await cutter.stop();
    if ('server' in mariadb) await mariadb.server?.stop();
  });

  describe.each(['mysql2', 'kysely'])('%s', (heading) => {
    let exports: Recipe & {
      readonly pool?: { end(): Promise<void> };
      readonly db?: { destroy(): Promise<void> };
    };
    beforeAll(async () => {
      exports = await recipe('docs/databases.md', heading);
    });
    afterAll(async () => {
      await exports.pool?.end();
      await exports.db?.destroy();
    });

    promisesOfPayments(
      () => exports,
      () => rival,
      () => cutter,
      heading === 'kysely' ? 'no' : 'maybe',
    );

    test('a lock that is not free in time is retried', async () => {
      await rival.reset();
      await rival.begin();
      await rival.lock(2);
      const paid = exports.pay('a', 1, 2, 10);
      const first = await rival.waiter();
      // The wait ends after two seconds, and the transaction begins again.
      await rival.waiter(first);
      await rival.commit();
      await paid;
      expect(await rival.balances()).toEqual([90, 110]);
    });
  });
});
