import type { Services } from '@varve/controller/router/context'
import type { MemberView } from '@varve/protocol/trust'

const at = '2026-07-01T08:00:00.000Z'
const later = '2026-12-30T08:00:00.000Z'
const fleet = '3214e667236525403af1a31185e5aac9'
const pin = 'iGFI960IqDv8nDpnZR1un8Mh_hUJQkc4EXcIvXg5j1M'

function member(name: string, state: MemberView['state'], reason = ''): MemberView {
  const serial = Buffer.from(name.padEnd(16, '.')).toString('hex').toUpperCase()
  return { serial, name, kind: 'agent', state, reason, madeAt: at, notAfter: later }
}

/** A fleet in which one host was copied and one put out. */
export function inventedTrust(): Services['trust'] {
  const members = [
    member('north', 'active'),
    member('south', 'stopped', 'two hosts use it at the same time: one is a copy of the other'),
    member('west', 'revoked', 'revoked by a person'),
  ]
  const token = {
    id: 'GxAFDcMjZx-P',
    pattern: 'web-*',
    madeAt: at,
    expiresAt: later,
    state: 'open',
    usedBy: null,
  } as const
  const set = (name: string, state: MemberView['state']) => {
    for (const one of members) if (one.name === name) Object.assign(one, { state })
  }
  const refuse = () => Promise.reject(new Error('the mock controller has no agents'))
  const view = () => ({
    fleet,
    pin,
    roots: [{ generation: 1, pin, madeAt: at, notAfter: later, members: 2 }],
    members,
    tokens: [token],
    isOpen: false,
  })
  return {
    view,
    makeToken: () => ({
      token,
      text: `varve-join.${token.id}.invented.${pin}`,
      command: `./varve agent join https://vault:7070 varve-join.${token.id}.invented.${pin}`,
      install: [
        {
          system: 'linux',
          line: `s=$(curl -fsSk https://vault:7070/install/linux.sh); [ "$(printf %s "$s" | sha256sum)" = "${'5e'.repeat(32)}  -" ] || s='exit 1'; printf '%s\\n' VARVE_JOIN_TOKEN=varve-join.${token.id}.invented.${pin} "$s" | $(sh -c 'command -v sudo') sh -s https://vault:7070`,
          reason: null,
        },
        {
          system: 'windows',
          line: `$s = (curl.exe -fsSk 'https://vault:7070/install/windows.ps1') -join "\`n"; if ($sum -ne '${'5e'.repeat(32)}') { $s = "throw 'varve'" } else { $env:VARVE_JOIN_TOKEN = 'varve-join.${token.id}.invented.${pin}' }; & ([scriptblock]::Create($s)) 'https://vault:7070'`,
          reason: null,
        },
        { system: 'macos', line: null, reason: 'the release has no archive for macOS' },
      ],
    }),
    cancelToken: () => undefined,
    certify: refuse,
    join: refuse,
    roots: () => ({ fleet, roots: ['invented'] }),
    revoke: (name) => set(name, 'revoked'),
    allow: (name) => set(name, 'active'),
    rotate: async () => view(),
  }
}
