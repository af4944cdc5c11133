import { serviceFault, systemCodes } from '../service-fault.ts'
import type { EventKind, EventLogs } from '../service-system.ts'
import { lastCode, native, pointerSlot, windowsCall, type Pointer } from './native.ts'

const advapi = 'advapi32.dll'
const RegCreateKeyExW = windowsCall(advapi, 'RegCreateKeyExW', 'int32', [
  'void *',
  'str16',
  'uint32',
  'str16',
  'uint32',
  'uint32',
  'void *',
  'void *',
  'void *',
])
const RegSetValueExW = windowsCall(advapi, 'RegSetValueExW', 'int32', [
  'void *',
  'str16',
  'uint32',
  'uint32',
  'void *',
  'uint32',
])
const RegCloseKey = windowsCall(advapi, 'RegCloseKey', 'int32', ['void *'])
const RegDeleteKeyW = windowsCall(advapi, 'RegDeleteKeyW', 'int32', ['void *', 'str16'])
const RegisterEventSourceW = windowsCall(advapi, 'RegisterEventSourceW', 'void *', ['str16', 'str16'])
const DeregisterEventSource = windowsCall(advapi, 'DeregisterEventSource', 'int', ['void *'])
const ReportEventW = windowsCall(advapi, 'ReportEventW', 'int', [
  'void *',
  'uint16',
  'uint16',
  'uint32',
  'void *',
  'uint16',
  'uint32',
  'void *',
  'void *',
])

// winreg.h; the handle of the key is a number that is no address.
const localMachine = 0xffff_ffff_8000_0002n
const setValue = 0x2
const numberType = 4
const expandedTextType = 2
/** It comes with Windows and has for each id from 1 to 1000 a message that is the event's own text. */
const messages = String.raw`%SystemRoot%\System32\EventCreate.exe`

const kinds: Readonly<Record<EventKind, number>> = { error: 0x1, warning: 0x2, information: 0x4 }
const allKinds = 0x7
/** Characters of one text that the system takes. */
const mostText = 31_000

function keyOf(source: string): string {
  return `SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\${source}`
}

/** The log "Application" of this Windows. */
export const windowsEventLogs: EventLogs = {
  addSource(source) {
    const what = 'give it a name in the event log'
    const slot = pointerSlot()
    const code = RegCreateKeyExW(localMachine, keyOf(source), 0, null, 0, setValue, null, slot.buffer, null)
    if (code !== 0) throw serviceFault(source, what, code as number)
    const key = slot.value()
    const set = (name: string, type: number, bytes: Buffer) => {
      const failed = RegSetValueExW(key, name, 0, type, bytes, bytes.length)
      if (failed !== 0) throw serviceFault(source, what, failed as number)
    }
    try {
      set('EventMessageFile', expandedTextType, Buffer.from(`${messages}\0`, 'utf16le'))
      set('TypesSupported', numberType, Buffer.from(Uint32Array.of(allKinds).buffer))
    } finally {
      RegCloseKey(key)
    }
  },

  removeSource(source) {
    const code = RegDeleteKeyW(localMachine, keyOf(source)) as number
    if (code !== 0 && code !== systemCodes.fileNotFound)
      throw serviceFault(source, 'take its name out of the event log', code)
  },

  open(source) {
    const log = RegisterEventSourceW(null, source) as Pointer
    if (log === null) throw serviceFault(source, 'open the event log', lastCode())
    const texts = native().pointer('str16')
    return {
      report({ kind, id, text }) {
        const said = native().as([text.slice(0, mostText)], texts)
        ReportEventW(log, kinds[kind], 0, id, null, 1, 0, said, null)
      },
      [Symbol.dispose]() {
        DeregisterEventSource(log)
      },
    }
  },
}
