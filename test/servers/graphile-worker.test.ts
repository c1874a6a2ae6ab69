import { conformance } from './conformance.js';

conformance('graphile-worker');
