import { serviceFault, systemCodes } from '../service-fault.ts'
import type { ServiceAsk, ServiceHandlers, ServiceProcess, ServiceReport } from '../service-system.ts'
import { native, windowsCall, type Call, type Native, type Pointer } from './native.ts'

// winsvc.h
const ownProcess = 0x10
const codes = { 'start-pending': 2, running: 4, 'stop-pending': 3, stopped: 1 } as const
const accepts = { stop: 0x1, preshutdown: 0x100 }
const interrogate = 4
const asks: Readonly<Record<number, ServiceAsk>> = { 1: 'stop', 5: 'shutdown', 15: 'shutdown' }
/** ERROR_CALL_NOT_IMPLEMENTED */
const notUnderstood = 120
const ownCodeFollows = 1066

/** SERVICE_STATUS. */
export function statusBytes({ state, checkPoint, waitHintMs, ownCode }: ServiceReport): Buffer {
  const fields = [
    ownProcess,
    codes[state],
    state === 'running' ? accepts.stop | accepts.preshutdown : 0,
    ownCode === 0 ? 0 : ownCodeFollows,
    ownCode,
    checkPoint,
    waitHintMs,
  ]
  const bytes = Buffer.alloc(fields.length * 4)
  for (const [index, field] of fields.entries()) bytes.writeUInt32LE(field, index * 4)
  return bytes
}

interface Calls {
  readonly koffi: Native
  readonly dispatch: Call
  readonly register: Call
  readonly mainType: ReturnType<Native['pointer']>
  readonly handlerType: ReturnType<Native['pointer']>
}

const SetServiceStatus = windowsCall('advapi32.dll', 'SetServiceStatus', 'int', ['void *', 'void *'])

function calls(): Calls {
  const koffi = native()
  const library = koffi.load('advapi32.dll')
  const main = koffi.pointer(koffi.proto('__stdcall', 'VarveServiceMain', 'void', ['uint32', 'void *']))
  const handler = koffi.pointer(
    koffi.proto('__stdcall', 'VarveServiceHandler', 'uint32', ['uint32', 'uint32', 'void *', 'void *']),
  )
  const entry = koffi.struct({ name: 'str16', main })
  return {
    koffi,
    mainType: main,
    handlerType: handler,
    dispatch: library.func('__stdcall', 'StartServiceCtrlDispatcherW', 'int', [koffi.pointer(entry)]),
    register: library.func('__stdcall', 'RegisterServiceCtrlHandlerExW', 'void *', [
      'str16',
      handler,
      'void *',
    ]),
  }
}

/**
 * This process as a service. The call that waits for the system's words blocks, so it runs on a thread of koffi's; what the
 * system asks comes back to the main thread, and is answered there at once.
 */
export function windowsServiceProcess(): ServiceProcess {
  let handle: Pointer = null
  let lastSaid: Buffer | null = null

  function say(bytes: Buffer): void {
    lastSaid = bytes
    if (handle !== null) SetServiceStatus(handle, bytes)
  }

  async function serve(name: string, handlers: ServiceHandlers): Promise<void> {
    const { koffi, dispatch, register, mainType, handlerType } = calls()
    const onAsk = koffi.register((control: number): number => {
      const ask = asks[control]
      if (ask !== undefined) handlers.asked(ask)
      else if (control !== interrogate) return notUnderstood
      else if (lastSaid !== null) say(lastSaid)
      return 0
    }, handlerType)
    const onStart = koffi.register((): void => {
      handle = register(name, onAsk, null) as Pointer
      handlers.started()
    }, mainType)
    try {
      await new Promise<void>((resolve, reject) => {
        const ended = (error: Error | null | undefined, isDone: number) => {
          if (error !== null && error !== undefined) reject(error)
          else if (isDone !== 0) resolve()
          else reject(serviceFault(name, 'run as a service', systemCodes.notStartedBySystem))
        }
        dispatch.async(
          [
            { name, main: onStart },
            { name: null, main: null },
          ],
          ended,
        )
      })
    } finally {
      koffi.unregister(onAsk)
      koffi.unregister(onStart)
    }
  }

  return { serve, report: (report) => say(statusBytes(report)) }
}
