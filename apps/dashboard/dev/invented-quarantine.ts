import type { QuarantineEntryView } from '@varve/protocol/quarantine'
import { ago } from './invented-fleet.ts'

const GiB = 2 ** 30
const days = 86_400

/** What was deleted or replaced, its time being over for the older one. */
export const inventedQuarantine: QuarantineEntryView[] = [
  {
    id: '1f0c2a77b1c0',
    why: 'deleted',
    image: '/srv/images/office/ldap15.vmdk',
    since: ago(2 * 3600),
    until: ago(-30 * days),
    format: 'vmdk',
    virtualSize: 64 * GiB,
    bytes: Math.round(32.4 * GiB),
  },
  {
    id: '9b1c2d3e4f5a',
    why: 'replaced',
    image: '/srv/images/mail01.qcow2',
    since: ago(45 * days),
    until: ago(15 * days),
    format: 'qcow2',
    virtualSize: 40 * GiB,
    bytes: Math.round(21.7 * GiB),
  },
]
