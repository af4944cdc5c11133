import { loadKoffi } from '@varve/engine/file-ranges/load-koffi'

/** A handle or an address. */
export type Pointer = bigint | null
type Type = string | TypeObject
/** A type that koffi was told. */
interface TypeObject {
  readonly name: string
}

export interface Call {
  (...args: readonly unknown[]): unknown
  async(...args: readonly unknown[]): void
}

interface Library {
  func(convention: string, name: string, result: Type, parameters: readonly Type[]): Call
}

/** What of koffi the calls to Windows need; its own types are `any` throughout. */
export interface Native {
  load(library: string): Library
  struct(fields: Readonly<Record<string, Type>>): TypeObject
  pointer(type: Type): TypeObject
  proto(convention: string, name: string, result: Type, parameters: readonly Type[]): TypeObject
  /** A value to be passed as a pointer of that type. */
  as(value: object, type: TypeObject): object
  register(callback: (...args: never[]) => unknown, type: TypeObject): bigint
  unregister(callback: bigint): void
  decode(from: Pointer | Buffer, type: Type): unknown
}

let loaded: Native | null = null

/** Koffi, loaded at first use. */
export function native(): Native {
  loaded ??= loadKoffi() as unknown as Native
  return loaded
}

/** A function of a library of Windows, found when it is first called. */
export function windowsCall(library: string, name: string, result: Type, parameters: readonly Type[]): Call {
  let found: Call | null = null
  const find = () => (found ??= native().load(library).func('__stdcall', name, result, parameters))
  return Object.assign((...args: readonly unknown[]) => find()(...args), {
    async: (...args: readonly unknown[]) => find().async(...args),
  })
}

const GetLastError = windowsCall('kernel32.dll', 'GetLastError', 'uint32', [])

/** The code of the call before, which koffi keeps. */
export function lastCode(): number {
  return GetLastError() as number
}

/** Texts one after the other, each ended by a zero and all by another. */
export function textList(texts: readonly string[]): Buffer {
  return Buffer.from(`${texts.map((text) => `${text}\0`).join('')}\0`, 'utf16le')
}

/** An out parameter of the size of a pointer, and what was put there. */
export function pointerSlot(): { readonly buffer: Buffer; value(): Pointer } {
  const buffer = Buffer.alloc(8)
  return {
    buffer,
    value() {
      const address = buffer.readBigUInt64LE(0)
      return address === 0n ? null : address
    },
  }
}
