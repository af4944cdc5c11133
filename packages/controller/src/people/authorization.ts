import type { Identity } from '@varve/protocol/identity'
import { hasRole, mayOperate, type ActOn, type Role } from '@varve/protocol/people'
import { z } from 'zod'

/** Something that is done, and where; a right of an operator is for such acts. */
export interface Act {
  /** Such as `convert`. */
  readonly operation: string
  readonly places: readonly ActOn[]
}

/** Where the things are that calls name by their ids. */
export interface Whereabouts {
  image(id: string): ActOn | null
  /** Where the images lie that this one stands on, which is read with it. */
  parents(id: string): readonly ActOn[]
  run(id: string): Act | null
  /** All that a run reads and writes when it goes on. */
  resumedRun(id: string): Act | null
  migration(id: string): Act | null
}

/** Who may call a procedure: a role, and for operators the act by what it is called with. */
export interface Rule {
  /** Null: who has not signed in too. */
  readonly role: Role | null
  readonly act?: (input: unknown, at: Whereabouts) => Act
}

const look: Rule = { role: 'viewer' }
const admin: Rule = { role: 'admin' }
/** Of oneself: everybody who has signed in. */
const own: Rule = { role: 'viewer' }

const Place = z.object({ host: z.string(), library: z.string().nullish() }).catch({ host: '' })
const ById = z.object({ id: z.string() }).catch({ id: '' })
const Named = z.object({ name: z.string() }).catch({ name: '' })
const Wish = z
  .object({ host: z.string(), library: z.string().nullish(), operation: z.string() })
  .catch({ host: '', operation: '' })
const Migration = z
  .object({ image: z.string(), targetHost: z.string(), targetLibrary: z.string() })
  .catch({ image: '', targetHost: '', targetLibrary: '' })

function placeOf({
  host,
  library,
}: {
  readonly host: string
  readonly library?: string | null | undefined
}): ActOn {
  return { host, ...(typeof library === 'string' && { library }) }
}

function atPlace(operation: string): Rule {
  return { role: 'operator', act: (input) => ({ operation, places: [placeOf(Place.parse(input))] }) }
}

function atImage(operation: string): Rule {
  return {
    role: 'operator',
    act: (input, at) => ({ operation, places: [at.image(ById.parse(input).id) ?? {}] }),
  }
}

/** Reads the disk of an image, which may stand on images of other libraries. */
function ofDisk(operation: string): Rule {
  return {
    role: 'operator',
    act: (input, at) => ({ operation, places: placesOfDisk(ById.parse(input).id, at) }),
  }
}

function placesOfDisk(id: string, at: Whereabouts): ActOn[] {
  return [at.image(id) ?? {}, ...at.parents(id)]
}

/** What is not known has no place, which only who is bound to none may touch. */
const nowhere: Act = { operation: '', places: [] }
const ofRun: Rule = { role: 'operator', act: (input, at) => at.run(ById.parse(input).id) ?? nowhere }
const ofMigration: Rule = {
  role: 'operator',
  act: (input, at) => at.migration(ById.parse(input).id) ?? nowhere,
}

/** The authorization matrix: every procedure for people has its row; one without is refused to everybody. */
export const rules: Readonly<Record<string, Rule>> = {
  'account.me': { role: null },
  'account.setPassword': own,
  'account.sessions': own,
  'account.endSession': own,
  'account.keys': own,
  'account.makeKey': own,
  'account.revokeKey': own,
  'audit.list': admin,
  'audit.lines': admin,
  'audit.verify': admin,
  'audit.key': admin,
  'events.live': look,
  'events.activity': look,
  'fleet.info': look,
  'fleet.overview': look,
  'fleet.hosts': look,
  'fleet.host': look,
  'fleet.forget': admin,
  'fleet.rescan': {
    role: 'operator',
    act: (input) => ({ operation: 'scan', places: [{ host: Named.parse(input).name }] }),
  },
  'images.list': look,
  'images.get': look,
  'images.formats': look,
  'images.chooseFormat': atPlace('choose-format'),
  'images.digest': ofDisk('digest'),
  'images.inspect': ofDisk('info'),
  'migrations.plan': look,
  'migrations.start': {
    role: 'operator',
    act(input, at) {
      const { image, targetHost, targetLibrary } = Migration.parse(input)
      const target = { host: targetHost, library: targetLibrary }
      return { operation: 'migrate', places: [...placesOfDisk(image, at), target] }
    },
  },
  'migrations.cancel': ofMigration,
  'migrations.forget': ofMigration,
  'migrations.clear': { role: 'operator', act: () => ({ operation: 'migrate', places: [] }) },
  'migrations.list': look,
  'migrations.get': look,
  'people.list': admin,
  'people.add': admin,
  'people.setGrant': admin,
  'people.setDisabled': admin,
  'people.remove': admin,
  'people.link': admin,
  'people.sessions': admin,
  'people.endSession': admin,
  'people.keys': admin,
  'people.revokeKey': admin,
  'places.list': look,
  'places.attached': look,
  'quarantine.list': look,
  'runs.plan': look,
  'runs.start': {
    role: 'operator',
    act(input) {
      const wish = Wish.parse(input)
      return { operation: wish.operation, places: [placeOf(wish)] }
    },
  },
  'runs.cancel': ofRun,
  'runs.resume': {
    role: 'operator',
    act: (input, at) => at.resumedRun(ById.parse(input).id) ?? nowhere,
  },
  'runs.undo': ofRun,
  'runs.forget': ofRun,
  'runs.list': look,
  'runs.get': look,
  'runs.log': look,
  'runs.images': look,
  'schedules.list': look,
  'schedules.set': atPlace('verify'),
  'schedules.remove': atPlace('verify'),
  'trust.view': look,
  'trust.makeToken': admin,
  'trust.cancelToken': admin,
  'trust.certify': admin,
  'trust.revoke': admin,
  'trust.allow': admin,
  'trust.rotate': admin,
  'updates.view': look,
  'updates.start': admin,
  'updates.cancel': admin,
  'uploads.begin': atPlace('upload'),
  'uploads.cancel': atPlace('upload'),
  // Beside the procedures: routes that browsers ask for.
  'files.download': atImage('download'),
  'files.upload': { role: 'operator' },
  'files.manifest': look,
  'files.support': admin,
}

/** Why somebody may not do it; null: they may. */
export type Denial = { readonly isSignedIn: boolean; readonly reason: string } | null

const signInFirst = 'Sign in first.'

/** Whether `identity` may call `path` with `input`. */
export function denialOf(
  { identity, path, input }: { readonly identity: Identity; readonly path: string; readonly input: unknown },
  at: Whereabouts,
): Denial {
  const rule = Object.hasOwn(rules, path) ? rules[path] : undefined
  if (!rule) return { isSignedIn: true, reason: `Nobody may ask for ${path}.` }
  if (rule.role === null || identity.kind === 'local') return null
  if (identity.kind === 'agent')
    return { isSignedIn: true, reason: 'An agent may not ask for this: it is for people.' }
  if (identity.kind === 'nobody')
    return {
      isSignedIn: false,
      reason:
        identity.why === null
          ? signInFirst
          : `${signInFirst} What was shown is not believed: ${identity.why}.`,
    }
  const { role, act } = rule
  if (!identity.grants.every((grant) => hasRole(grant, role)))
    return { isSignedIn: true, reason: `This is for ${role}s: ask an admin for that role.` }
  return act === undefined ? null : denialOfAct(identity, act(input, at))
}

/** Whether an operator's rights reach as far as an act. */
export function denialOfAct(identity: Identity, { operation, places }: Act): Denial {
  if (identity.kind !== 'person') return null
  if (identity.grants.every((grant) => mayOperate(grant, operation, places))) return null
  const where = places.map(({ host = '', library }) => (library === undefined ? host : `${host}:${library}`))
  const what = operation === '' ? 'this' : `“${operation}”`
  return {
    isSignedIn: true,
    reason: `Your rights do not reach as far as ${what}${where.length === 0 ? '' : ` on ${where.join(' and ')}`}: ask an admin.`,
  }
}
