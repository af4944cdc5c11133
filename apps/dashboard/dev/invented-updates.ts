import type { Services } from '@varve/controller/router/context'
import type { RolloutHost, RolloutView } from '@varve/protocol/updates'

const from = '0.1.0-5d41402a'
const to = '0.2.0-7b52009b'

/** An update that one host of the second ring has stopped. */
export function inventedUpdates(): Services['updates'] {
  const at = new Date(Date.now() - 900_000).toISOString()
  const host = (name: string, ring: number, of: Partial<RolloutHost>): RolloutHost => ({
    name,
    ring,
    state: 'updated',
    from,
    to,
    detail: '',
    changedAt: at,
    ...of,
  })
  const hosts = [
    host('host-002', 1, { state: 'rolled-back', detail: 'libraries are missing: backup' }),
    host('host-000', 0, {}),
    host('host-001', 1, {}),
    host('host-003', 2, {
      state: 'skipped',
      from: null,
      to: null,
      detail: 'the update was stopped before its turn',
    }),
  ]
  const rollout: RolloutView = {
    id: 'invented',
    version: '0.2.0',
    state: 'stopped',
    reason: 'host-002 went back to the build before: libraries are missing: backup',
    rings: [1, 2, 1],
    soakSeconds: 60,
    startedAt: at,
    endedAt: at,
    counts: {
      waiting: 0,
      staging: 0,
      switching: 0,
      checking: 0,
      updated: 2,
      'rolled-back': 1,
      failed: 0,
      skipped: 1,
    },
    hosts,
  }
  return {
    view: async () => ({
      release: { version: '0.2.0', reason: null },
      outdated: ['host-002', 'host-003'],
      otherwise: 1,
      rollouts: [rollout],
    }),
    start: async () => rollout,
    cancel: () => rollout,
  }
}
