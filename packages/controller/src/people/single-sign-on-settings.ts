import { readFileSync, statSync } from 'node:fs'
import { Role } from '@varve/protocol/people'
import { z } from 'zod'
import type { SingleSignOn } from './single-sign-on.ts'

const Settings = z.strictObject({
  name: z.string().min(1).max(60).default('Single sign-on'),
  issuer: z.url({ protocol: /^https?$/u }),
  clientId: z.string().min(1).max(500),
  clientSecret: z.string().min(1).max(2000),
  groupsClaim: z.string().min(1).max(100).default('groups'),
  groups: z.record(z.string().min(1), Role),
  scopes: z.array(z.string().min(1)).default(['openid', 'profile', 'email', 'groups']),
})

/** Reads the file that says where people of an organization sign in; throws a sentence for people. */
export function readSingleSignOn(file: string | undefined): SingleSignOn | null {
  if (file === undefined) return null
  const at = `--single-sign-on ${file}`
  const parsed = Settings.safeParse(read(file, at))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new Error(`${at}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`)
  }
  const { issuer, groups, ...rest } = parsed.data
  const { protocol, hostname } = new URL(issuer)
  if (protocol === 'http:' && hostname !== 'localhost' && hostname !== '127.0.0.1')
    throw new Error(`${at}: issuer: who signs in there must be asked by https.`)
  if (Object.keys(groups).length === 0)
    throw new Error(`${at}: groups: say which group has which role, such as {"vm-admins": "admin"}.`)
  return { ...rest, issuer, groups: Object.entries(groups).map(([group, role]) => ({ group, role })) }
}

function read(file: string, at: string): unknown {
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new Error('others on this machine may read it, and a secret stands in it: chmod 600 it')
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new Error(`${at} cannot be used: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    })
  }
}
