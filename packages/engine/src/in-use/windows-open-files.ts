import { toNamespacedPath } from 'node:path'
import { loadKoffi } from '../file-ranges/load-koffi.ts'

/** A program that Windows says has a file open. */
export interface FileUser {
  readonly pid: number
  readonly name: string
}

/** What Windows tells of who has a file open. */
export interface OpenFiles {
  /** Whether a program has it open for writing, or lets nobody read it; null: it cannot be told. */
  isWritten(path: string): boolean | null
  /** Who has it open, as the Restart Manager lists them; null: it says nothing. */
  usersOf(path: string): readonly FileUser[] | null
}

// winerror.h, winnt.h, fileapi.h.
const [sharingViolation, moreData] = [32, 234]
const genericRead = 0x8000_0000
const shareOfReaders = 0x5
const openExisting = 3
const invalidHandle = -1

// RM_PROCESS_INFO of RestartManager.h: process id and start time, then the name of the application.
const processInfoSize = 668
const nameAt = 12
const nameUnits = 256
const mostUsers = 64
const sessionKeyUnits = 33

function library() {
  const koffi = loadKoffi()
  const [kernel, manager] = [koffi.load('kernel32.dll'), koffi.load('rstrtmgr.dll')]
  return {
    open: kernel.func(
      'intptr_t CreateFileW(str16 path, uint32_t access, uint32_t share, void *security, uint32_t how, uint32_t flags, void *template)',
    ),
    close: kernel.func('int CloseHandle(intptr_t handle)'),
    lastError: kernel.func('uint32_t GetLastError()'),
    startSession: manager.func(
      'uint32_t RmStartSession(_Out_ uint32_t *session, uint32_t flags, _Out_ uint16_t *key)',
    ),
    register: manager.func(
      'uint32_t RmRegisterResources(uint32_t session, uint32_t files, str16 *paths, uint32_t programs, void *ids, uint32_t services, void *names)',
    ),
    list: manager.func(
      'uint32_t RmGetList(uint32_t session, _Out_ uint32_t *needed, _Inout_ uint32_t *count, _Out_ uint8_t *infos, _Out_ uint32_t *reasons)',
    ),
    endSession: manager.func('uint32_t RmEndSession(uint32_t session)'),
  }
}

/** Asks the Windows that this runs on, through koffi. */
export function openFiles(): OpenFiles {
  let loaded: ReturnType<typeof library> | null = null
  const system = () => (loaded ??= library())
  return {
    isWritten(path) {
      const handle = Number(
        system().open(toNamespacedPath(path), genericRead, shareOfReaders, null, openExisting, 0, null),
      )
      if (handle === invalidHandle) return Number(system().lastError()) === sharingViolation ? true : null
      system().close(handle)
      return false
    },
    usersOf(path) {
      const session = [0]
      if (Number(system().startSession(session, 0, new Uint16Array(sessionKeyUnits))) !== 0) return null
      try {
        const [id = 0] = session
        if (Number(system().register(id, 1, [path], 0, null, 0, null)) !== 0) return null
        const [needed, count, reasons] = [[0], [mostUsers], [0]]
        const infos = new Uint8Array(mostUsers * processInfoSize)
        const told = Number(system().list(id, needed, count, infos, reasons))
        return told === 0 || told === moreData ? usersIn(infos, Math.min(count[0] ?? 0, mostUsers)) : null
      } finally {
        system().endSession(session[0] ?? 0)
      }
    },
  }
}

/** The programs of an array of RM_PROCESS_INFO. */
export function usersIn(infos: Uint8Array, count: number): FileUser[] {
  const view = new DataView(infos.buffer, infos.byteOffset, infos.byteLength)
  return Array.from({ length: count }, (_, index) => {
    const at = index * processInfoSize
    const units = Array.from({ length: nameUnits }, (__, unit) =>
      view.getUint16(at + nameAt + unit * 2, true),
    )
    const end = units.indexOf(0)
    return {
      pid: view.getUint32(at, true),
      name: String.fromCharCode(...units.slice(0, end < 0 ? nameUnits : end)),
    }
  })
}
