import { serviceFault, systemCodes } from '../service-fault.ts'
import type { ServiceControl, ServiceDefinition, ServiceState, ServiceStatus } from '../service-system.ts'
import { lastCode, native, textList, windowsCall, type Pointer } from './native.ts'

const advapi = 'advapi32.dll'
const OpenSCManagerW = windowsCall(advapi, 'OpenSCManagerW', 'void *', ['str16', 'str16', 'uint32'])
const OpenServiceW = windowsCall(advapi, 'OpenServiceW', 'void *', ['void *', 'str16', 'uint32'])
const CloseServiceHandle = windowsCall(advapi, 'CloseServiceHandle', 'int', ['void *'])
const CreateServiceW = windowsCall(advapi, 'CreateServiceW', 'void *', [
  'void *',
  'str16',
  'str16',
  'uint32',
  'uint32',
  'uint32',
  'uint32',
  'str16',
  'str16',
  'void *',
  'str16',
  'str16',
  'str16',
])
const ChangeServiceConfigW = windowsCall(advapi, 'ChangeServiceConfigW', 'int', [
  'void *',
  'uint32',
  'uint32',
  'uint32',
  'str16',
  'str16',
  'void *',
  'str16',
  'str16',
  'str16',
  'str16',
])
const ChangeServiceConfig2W = windowsCall(advapi, 'ChangeServiceConfig2W', 'int', [
  'void *',
  'uint32',
  'void *',
])
const QueryServiceConfigW = windowsCall(advapi, 'QueryServiceConfigW', 'int', [
  'void *',
  'void *',
  'uint32',
  'void *',
])
const QueryServiceStatusEx = windowsCall(advapi, 'QueryServiceStatusEx', 'int', [
  'void *',
  'uint32',
  'void *',
  'uint32',
  'void *',
])
const StartServiceW = windowsCall(advapi, 'StartServiceW', 'int', ['void *', 'uint32', 'void *'])
const ControlService = windowsCall(advapi, 'ControlService', 'int', ['void *', 'uint32', 'void *'])
const DeleteService = windowsCall(advapi, 'DeleteService', 'int', ['void *'])

// winsvc.h, winnt.h.
const manager = { connect: 0x1, create: 0x2 }
const service = { queryConfig: 0x1, change: 0x2, queryStatus: 0x4, start: 0x10, stop: 0x20, remove: 0x1_0000 }
const ownProcess = 0x10
const autoStart = 2
const normalError = 1
const stopControl = 1
const statusBytes = 36
/** More than a configuration takes: command line, account and names. */
const configBytes = 8192

const states: Readonly<Record<number, ServiceState>> = {
  1: 'stopped',
  2: 'start-pending',
  3: 'stop-pending',
  4: 'running',
  5: 'continue-pending',
  6: 'pause-pending',
  7: 'paused',
}

/** SERVICE_STATUS_PROCESS. */
export function readStatus(bytes: Buffer): ServiceStatus {
  const at = (index: number) => bytes.readUInt32LE(index * 4)
  const pid = at(7)
  return {
    state: states[at(1)] ?? 'stopped',
    pid: pid === 0 ? null : pid,
    exitCode: at(3),
    ownCode: at(4),
    checkPoint: at(5),
    waitHintMs: at(6),
  }
}

/** QUERY_SERVICE_CONFIGW: its texts are in the same bytes. */
function readConfig(bytes: Buffer): { commandLine: string; account: string; displayName: string } {
  const koffi = native()
  const config = koffi.decode(
    bytes,
    koffi.struct({
      type: 'uint32',
      start: 'uint32',
      errorControl: 'uint32',
      commandLine: 'str16',
      group: 'void *',
      tag: 'uint32',
      dependencies: 'void *',
      account: 'str16',
      displayName: 'str16',
    }),
  ) as Record<'commandLine' | 'account' | 'displayName', string | null>
  return {
    commandLine: config.commandLine ?? '',
    account: config.account ?? '',
    displayName: config.displayName ?? '',
  }
}

interface Open extends Disposable {
  readonly handle: Pointer
}

function opened(handle: unknown): Open | null {
  if (handle === null || handle === 0n) return null
  return {
    handle: handle as Pointer,
    [Symbol.dispose]() {
      CloseServiceHandle(handle)
    },
  }
}

function openManager(name: string, what: string, access: number): Open {
  const open = opened(OpenSCManagerW(null, null, access))
  if (open === null) throw serviceFault(name, what, lastCode())
  return open
}

/** Null: there is no such service. */
function findService(name: string, what: string, access: number): Open | null {
  using scm = openManager(name, what, manager.connect)
  const open = opened(OpenServiceW(scm.handle, name, access))
  if (open !== null) return open
  const code = lastCode()
  if (code === systemCodes.absent) return null
  throw serviceFault(name, what, code)
}

function openService(name: string, what: string, access: number): Open {
  const open = findService(name, what, access)
  if (open === null) throw serviceFault(name, what, systemCodes.absent)
  return open
}

/** Parts of a definition by their level, winsvc.h. */
export function partsOf(definition: ServiceDefinition): { level: number; what: string; info: object }[] {
  const { restartsAfterMs, forgetsAfterSeconds, shutdownMs, privileges, description } = definition
  const koffi = native()
  const number = (value: number) => ({ fields: { value: 'uint32' }, value: { value } })
  const action = koffi.struct({ type: 'uint32', delay: 'uint32' })
  const restart = 1
  const parts = [
    {
      level: 1,
      what: 'description',
      fields: { text: 'str16' },
      value: { text: description },
    },
    {
      level: 2,
      what: 'failure actions',
      fields: {
        reset: 'uint32',
        message: 'str16',
        command: 'str16',
        count: 'uint32',
        actions: koffi.pointer(action),
      },
      value: {
        reset: forgetsAfterSeconds,
        message: null,
        command: null,
        count: restartsAfterMs.length,
        actions: restartsAfterMs.map((delay) => ({ type: restart, delay })),
      },
    },
    { level: 3, what: 'delayed start', ...number(1) },
    // A process that ends with a code of its own is started anew too.
    { level: 4, what: 'restart after a code of its own', ...number(1) },
    { level: 5, what: 'SID of the service', ...number(1) },
    {
      level: 6,
      what: 'required privileges',
      fields: { texts: 'void *' },
      value: { texts: textList(privileges) },
    },
    { level: 7, what: 'time to shut down', ...number(shutdownMs) },
  ]
  return parts.map(({ level, what, fields, value }) => ({
    level,
    what,
    info: koffi.as(value, koffi.pointer(koffi.struct(fields))),
  }))
}

/** Sets all but what the service is made with. Gives what this system does not have. */
function setParts(name: string, { handle }: Open, definition: ServiceDefinition): string[] {
  const lacking: string[] = []
  for (const { level, what, info } of partsOf(definition)) {
    if (ChangeServiceConfig2W(handle, level, info) !== 0) continue
    const code = lastCode()
    if (code !== systemCodes.invalidLevel && code !== systemCodes.notImplemented)
      throw serviceFault(name, `set its ${what}`, code)
    lacking.push(what)
  }
  return lacking
}

function changed(name: string, what: string, definition: ServiceDefinition): string[] {
  using open = openService(
    name,
    what,
    service.queryConfig | service.change | service.queryStatus | service.start,
  )
  const { commandLine, account, displayName } = definition
  const isDone = ChangeServiceConfigW(
    open.handle,
    ownProcess,
    autoStart,
    normalError,
    commandLine,
    null,
    null,
    null,
    account,
    null,
    displayName,
  )
  if (isDone === 0) throw serviceFault(name, what, lastCode())
  return setParts(name, open, definition)
}

/** The service control manager of this Windows, by advapi32. */
export const windowsServices: ServiceControl = {
  status(name) {
    using open = findService(name, 'ask for it', service.queryStatus)
    if (open === null) return null
    const bytes = Buffer.alloc(statusBytes)
    if (QueryServiceStatusEx(open.handle, 0, bytes, bytes.length, Buffer.alloc(4)) === 0)
      throw serviceFault(name, 'ask for it', lastCode())
    return readStatus(bytes)
  },

  defined(name) {
    using open = findService(name, 'ask for it', service.queryConfig)
    if (open === null) return null
    const bytes = Buffer.alloc(configBytes)
    if (QueryServiceConfigW(open.handle, bytes, bytes.length, Buffer.alloc(4)) === 0)
      throw serviceFault(name, 'ask for it', lastCode())
    return readConfig(bytes)
  },

  create(name, definition) {
    using scm = openManager(name, 'install it', manager.connect | manager.create)
    const { commandLine, account, displayName } = definition
    using open = opened(
      CreateServiceW(
        scm.handle,
        name,
        displayName,
        service.queryStatus,
        ownProcess,
        autoStart,
        normalError,
        commandLine,
        null,
        null,
        null,
        account,
        null,
      ),
    )
    if (open === null) throw serviceFault(name, 'install it', lastCode())
    return changed(name, 'install it', definition)
  },

  change(name, definition) {
    return changed(name, 'change it', definition)
  },

  start(name) {
    using open = openService(name, 'start it', service.start)
    if (StartServiceW(open.handle, 0, null) !== 0) return
    const code = lastCode()
    if (code !== systemCodes.alreadyRunning) throw serviceFault(name, 'start it', code)
  },

  stop(name) {
    using open = openService(name, 'stop it', service.stop)
    if (ControlService(open.handle, stopControl, Buffer.alloc(statusBytes)) !== 0) return
    const code = lastCode()
    if (code !== systemCodes.notActive) throw serviceFault(name, 'stop it', code)
  },

  remove(name) {
    using open = openService(name, 'remove it', service.remove)
    if (DeleteService(open.handle) === 0) throw serviceFault(name, 'remove it', lastCode())
  },
}
