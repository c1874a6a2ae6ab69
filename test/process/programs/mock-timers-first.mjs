// The timers are mocked before the package is imported.
import { mock } from 'node:test';
import { testWithMockTimers } from './mock-timers.mjs';

mock.timers.enable({ apis: ['setTimeout', 'setImmediate', 'Date'] });
const { retry, reportOf } = await import('../../../dist/index.js');
mock.timers.reset();
testWithMockTimers({ retry, reportOf });
