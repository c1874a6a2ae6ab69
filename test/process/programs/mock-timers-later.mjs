// The package is imported before the timers are mocked.
import { reportOf, retry } from '../../../dist/index.js';
import { testWithMockTimers } from './mock-timers.mjs';

testWithMockTimers({ retry, reportOf });
