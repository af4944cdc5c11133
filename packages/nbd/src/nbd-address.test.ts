import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNbdAddress, nbdAddress, readNbdAddress } from './nbd-address.ts'

describe('the address of an export', () => {
  test.each<[string, object, string]>([
    ['nbd://example.com/disk', { host: 'example.com', port: 10_809 }, 'disk'],
    ['nbd://example.com', { host: 'example.com', port: 10_809 }, ''],
    ['nbd://example.com:1234/', { host: 'example.com', port: 1234 }, ''],
    ['nbd://example.com:/a', { host: 'example.com', port: 10_809 }, 'a'],
    ['nbd://example.com//disk', { host: 'example.com', port: 10_809 }, '/disk'],
    ['nbd://example.com/hello%20world', { host: 'example.com', port: 10_809 }, 'hello world'],
    ['nbd://h/a+b%2Bc%3F%23%25', { host: 'h', port: 10_809 }, 'a+b+c?#%'],
    ['nbd://h/%e4%BD%a0', { host: 'h', port: 10_809 }, '你'],
    ['NBD:///x', { host: 'localhost', port: 10_809 }, 'x'],
    ['nbd://[::1]:7/x', { host: '::1', port: 7 }, 'x'],
    ['nbd://[fe80::1%25eth0]/', { host: 'fe80::1%eth0', port: 10_809 }, ''],
    ['nbd+unix:///disk?socket=sock', { path: 'sock' }, 'disk'],
    ['nbd+unix:///?socket=/tmp/a%26b%3Dc', { path: '/tmp/a&b=c' }, ''],
    ['nbd+unix://?socket=/s', { path: '/s' }, ''],
    ['nbd+unix:///?socket=%00/abstract', { path: '\0/abstract' }, ''],
  ])('%s', (text, place, exportName) => {
    expect(isNbdAddress(text)).toBe(true)
    expect(readNbdAddress(text)).toEqual({ place, exportName })
  })

  test.each<[string, object]>([
    ['nbds://h/x', { certificates: null, hostname: null }],
    ['NBDS://h/x?tls-type=x509&tls-verify-peer=1', { certificates: null, hostname: null }],
    ['nbds://h/x?tls-certificates=/a%20b', { certificates: '/a b', hostname: null }],
    ['nbds+unix:///x?tls-hostname=h.example&socket=s', { certificates: null, hostname: 'h.example' }],
  ])('%s is TLS', (text, tls) => {
    expect(readNbdAddress(text)).toMatchObject({ exportName: 'x', tls })
  })

  test.each([
    ['nbd://user@h/', 'TLS'],
    ['nbds://user@h/', 'shared keys'],
    ['nbd://h/?tls-type=x509', 'nbds://'],
    ['nbd+unix:///?socket=/s&tls-certificates=/c', 'nbds+unix://'],
    ['nbds://h/?tls-type=psk', 'certificates'],
    ['nbds://h/?tls-type=anon', 'certificates'],
    ['nbds://h/?tls-verify-peer=0', 'always verified'],
    ['nbds://h/?tls-psk-file=/k', 'tls-psk-file'],
    ['nbds://h/?tls-certificates=', 'says nothing'],
    ['nbds://h/?tls-hostname=a%00b', 'says nothing'],
    ['nbds://h/?tls-hostname=a&tls-hostname=b', 'twice'],
    ['nbds+vsock://2/', 'nbds+vsock'],
    ['nbds+unix:///x', '?socket='],
    ['nbd+vsock://2/', 'nbd+vsock'],
    ['nbd://h/?socket=/s', 'nbd+unix'],
    ['nbd://h/?colour=red', 'colour'],
    ['nbd://h/#x', '%23'],
    ['nbd://h:0/', 'port 0'],
    ['nbd://h:65536/', 'port 65536'],
    ['nbd://h:1x/', 'no host with a port'],
    ['nbd://a:b:c/', 'no host with a port'],
    ['nbd://[::1/', 'no host with a port'],
    ['nbd://h%00/', 'host'],
    ['nbd://h/%', 'percent'],
    ['nbd://h/%ff', 'UTF-8'],
    ['nbd://h/a%00b', 'percent'],
    [`nbd://h/${'x'.repeat(4097)}`, '4096 bytes'],
    ['nbd+unix:///x', '?socket='],
    ['nbd+unix:///?socket=', '?socket='],
    ['nbd+unix://h/?socket=/s', 'no host'],
    ['nbd+unix:///?socket=/a&socket=/b', 'two sockets'],
    [`nbd+unix:///?socket=/${'x'.repeat(120)}`, '108 bytes'],
    ['nbd+unix:///?socket=/a%00b', 'path of its socket'],
  ])('%s is none', (text, said) => {
    expect(isNbdAddress(text)).toBe(true)
    expect(readNbdAddress(text)).toEqual(expect.objectContaining({ fault: expect.stringContaining(said) }))
  })

  test.each(['/nbd://h/', './nbd:/h', 'nbd:h', 'nbd:unix:/s', 'disk.nbd', 'C:\\nbd'])(
    '%s is a file',
    (text) => {
      expect(isNbdAddress(text)).toBe(false)
    },
  )

  test('what is written is read as what it was', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 60 })
      .filter((each) => each.isWellFormed() && !each.includes('\0'))
    const places = fc.oneof(
      fc.record({ path: text.filter((each) => each !== '' && Buffer.byteLength(each) <= 100) }),
      fc.record({
        host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()),
        port: fc.integer({ min: 1, max: 65_535 }),
      }),
    )
    const said = fc.option(text.filter((each) => each !== ''))
    const tls = fc.oneof(
      fc.constant({}),
      fc.record({ tls: fc.record({ certificates: said, hostname: said }) }),
    )
    fc.assert(
      fc.property(places, text, tls, (place, exportName, asked) => {
        const address = { place, exportName, ...asked }
        expect(readNbdAddress(nbdAddress(address))).toEqual(address)
      }),
    )
  })

  test('no text makes it throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (rest) => {
        expect(typeof readNbdAddress(`nbd://${rest}`)).toBe('object')
        expect(typeof readNbdAddress(`nbd+unix:///?${rest}`)).toBe('object')
        expect(typeof readNbdAddress(`nbds+unix:///?socket=s&tls-${rest}`)).toBe('object')
      }),
    )
  })
})
