import { DiskError } from '@varve/core/problems/disk-error'
import type { Services } from '@varve/controller/router/context'
import type { ApiKeyView, PersonView, Right, SessionView } from '@varve/protocol/people'
import { ago } from './invented-fleet.ts'

const hour = 3600
const day = 24 * hour
const later = '2027-03-01T08:00:00.000Z'
const none: Right = { hosts: null, libraries: null, operations: null }

const base: PersonView = {
  id: 'person-1',
  name: 'ada',
  role: 'admin',
  rights: null,
  madeAt: ago(200 * day),
  seenAt: ago(60),
  isDisabled: false,
  hasPassword: true,
  hasOneTimeCodes: true,
  passkeys: 1,
  isFromSingleSignOn: false,
  sessions: 2,
  keys: 1,
}

function inventedPersons(): PersonView[] {
  return [
    base,
    {
      ...base,
      id: 'person-2',
      name: 'grace.hopper',
      role: 'operator',
      rights: [
        { ...none, hosts: ['north', 'web-*'], operations: ['convert', 'clone', 'check'] },
        { ...none, hosts: ['south'], libraries: ['vm'] },
      ],
      seenAt: ago(5 * day),
      hasOneTimeCodes: false,
      passkeys: 2,
      sessions: 1,
      keys: 1,
    },
    {
      ...base,
      id: 'person-3',
      name: 'linus',
      role: 'viewer',
      seenAt: null,
      hasPassword: false,
      hasOneTimeCodes: false,
      passkeys: 0,
      sessions: 0,
      keys: 0,
    },
    {
      ...base,
      id: 'person-4',
      name: 'a-name.with-32-characters.in-all',
      role: 'operator',
      isDisabled: true,
      isFromSingleSignOn: true,
      hasPassword: false,
      hasOneTimeCodes: false,
      passkeys: 0,
      seenAt: ago(90 * day),
      sessions: 0,
      keys: 0,
    },
  ]
}

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

function inventedSessions(): SessionView[] {
  const one = { madeAt: ago(2 * hour), expiresAt: later, isThisOne: false } as const
  return [
    {
      ...one,
      id: 'session-1',
      person: 'ada',
      kind: 'browser',
      agent: firefox,
      address: '10.0.0.5',
      isThisOne: true,
    },
    { ...one, id: 'session-2', person: 'ada', kind: 'command', agent: 'varve on vault', address: '10.0.0.9' },
    { ...one, id: 'session-3', person: 'grace.hopper', kind: 'browser', agent: '', address: '2001:db8::12' },
  ]
}

function inventedKeys(): ApiKeyView[] {
  const one = { rights: null, madeAt: ago(40 * day), expiresAt: later, usedAt: ago(hour) } as const
  return [
    { ...one, id: 'key-1', person: 'ada', name: 'nightly checks', start: 'varve_9fJ2', role: 'viewer' },
    {
      ...one,
      id: 'key-2',
      person: 'grace.hopper',
      name: 'converter of the north',
      start: 'varve_Qm3x',
      role: 'operator',
      rights: [{ ...none, hosts: ['north'], operations: ['convert'] }],
      usedAt: null,
      expiresAt: null,
    },
  ]
}

/** A fleet with four people; ada looks at it. */
export function inventedPeople(): Services['people'] {
  const people = inventedPersons()
  const sessions = inventedSessions()
  const keys = inventedKeys()
  const find = (name: string): PersonView => {
    const person = people.find((one) => one.name === name)
    if (!person) throw new DiskError('not-found', { file: name })
    return person
  }
  const change = (name: string, part: Partial<PersonView>) => Object.assign(find(name), part)
  const drop = <T extends { id: string }>(list: T[], id: string) => {
    const at = list.findIndex((one) => one.id === id)
    if (at !== -1) list.splice(at, 1)
  }
  const linkFor = (person: string) => ({
    person,
    url: `https://vault:7070/sign-in#invented-${person}`,
    expiresAt: later,
  })
  return {
    me: async () => ({
      person: {
        id: base.id,
        name: base.name,
        role: base.role,
        rights: null,
        hasPassword: true,
        hasOneTimeCodes: true,
        passkeys: [{ id: 'passkey-1', name: 'Laptop', madeAt: ago(90 * day) }],
      },
      singleSignOn: null,
      canUsePasskeys: true,
      isSignInOff: false,
    }),
    list: () => people,
    add: async ({ name, role, rights }) => {
      people.push({
        ...base,
        id: `person-${people.length + 1}`,
        name,
        role,
        rights,
        seenAt: null,
        hasPassword: false,
        hasOneTimeCodes: false,
        passkeys: 0,
        sessions: 0,
        keys: 0,
      })
      return linkFor(name)
    },
    setGrant: (name, { role, rights }) => change(name, { role, rights }),
    setDisabled: (name, isDisabled) => change(name, { isDisabled }),
    remove: (name) => drop(people, find(name).id),
    link: (name) => linkFor(find(name).name),
    setPassword: async () => undefined,
    sessions: (whose) => (whose === null ? sessions : sessions.filter(({ person }) => person === base.name)),
    endSession: (_whose, id) => drop(sessions, id),
    keys: (whose) => (whose === null ? keys : keys.filter(({ person }) => person === base.name)),
    makeKey: async (_caller, { name, role, rights, validDays }) => {
      const key: ApiKeyView = {
        id: `key-${keys.length + 1}`,
        person: base.name,
        name,
        start: 'varve_x7Lp',
        role,
        rights,
        madeAt: ago(0),
        expiresAt: validDays === null ? null : later,
        usedAt: null,
      }
      keys.push(key)
      return { key, text: 'varve_x7Lp-invented' }
    },
    revokeKey: (_whose, id) => drop(keys, id),
  }
}
