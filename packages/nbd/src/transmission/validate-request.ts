import { commandFlags, commands, limits } from '../messages/numbers.ts'
import type { CommandName } from '../messages/numbers.ts'
import type { RequestHeader } from '../messages/transmission-messages.ts'
import { NbdRequestError } from './errno.ts'

/** A request that may be executed; offsets and lengths lie inside the export. */
export interface NbdRequest {
  readonly command: 'read' | 'write' | 'flush' | 'block-status'
  readonly cookie: bigint
  readonly offset: number
  readonly length: number
  readonly dontFragment: boolean
  readonly onlyFirst: boolean
  readonly isForced: boolean
}

/** What decides whether a request may be executed. */
export interface RequestContext {
  readonly size: number
  readonly canWrite: boolean
  readonly hasStructuredReplies: boolean
  readonly hasBlockStatus: boolean
}

const commandNames = new Map<number, CommandName>(
  (Object.keys(commands) as CommandName[]).map((name) => [commands[name], name]),
)

const allowedFlags: Record<NbdRequest['command'], number> = {
  read: commandFlags.fua | commandFlags.dontFragment,
  write: commandFlags.fua,
  flush: commandFlags.fua,
  'block-status': commandFlags.fua | commandFlags.reqOne,
}

/** The request, or why it is refused: the only place that knows what may be refused and with which errno. */
export function validateRequest(
  header: RequestHeader,
  context: RequestContext,
): NbdRequest | NbdRequestError {
  const command = commandNames.get(header.type)
  switch (command) {
    case 'read':
      return inside(header, command, context) ?? withinPayload(header) ?? accept(header, command, context)
    case 'write':
      if (!context.canWrite) return new NbdRequestError('EPERM', 'the export is read-only')
      return inside(header, command, context) ?? withinPayload(header) ?? accept(header, command, context)
    case 'trim':
    case 'write-zeroes':
      return context.canWrite
        ? new NbdRequestError('ENOTSUP')
        : new NbdRequestError('EPERM', 'the export is read-only')
    case 'flush':
      if (header.offset !== 0n || header.length !== 0) return new NbdRequestError('EINVAL')
      return accept(header, command, context)
    case 'block-status':
      if (!context.hasBlockStatus) {
        return new NbdRequestError('EINVAL', 'no metadata context was selected in the handshake')
      }
      return inside(header, command, context) ?? accept(header, command, context)
    case 'cache':
    case 'disconnect':
    case undefined:
      return new NbdRequestError('EINVAL', `request type ${header.type} is not supported`)
  }
}

function inside(
  header: RequestHeader,
  command: NbdRequest['command'],
  context: RequestContext,
): NbdRequestError | null {
  if (header.length === 0) return new NbdRequestError('EINVAL', 'a request of 0 bytes')
  if (header.offset + BigInt(header.length) <= BigInt(context.size)) return null
  return new NbdRequestError(
    command === 'write' ? 'ENOSPC' : 'EINVAL',
    'the request reaches past the end of the disk',
  )
}

function withinPayload(header: RequestHeader): NbdRequestError | null {
  return header.length <= limits.payload
    ? null
    : new NbdRequestError('EOVERFLOW', 'a request of more than 32 MiB')
}

function accept(
  header: RequestHeader,
  command: NbdRequest['command'],
  context: RequestContext,
): NbdRequest | NbdRequestError {
  if ((header.flags & ~allowedFlags[command]) !== 0) {
    return new NbdRequestError('EINVAL', `flags ${header.flags} do not fit the request`)
  }
  const dontFragment = (header.flags & commandFlags.dontFragment) !== 0
  if (dontFragment && !context.hasStructuredReplies)
    return new NbdRequestError('EINVAL', 'DF needs structured replies')
  return {
    command,
    cookie: header.cookie,
    offset: Number(header.offset),
    length: header.length,
    dontFragment,
    onlyFirst: (header.flags & commandFlags.reqOne) !== 0,
    isForced: (header.flags & commandFlags.fua) !== 0,
  }
}
