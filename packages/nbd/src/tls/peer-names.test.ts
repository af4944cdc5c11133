import { X509Certificate } from 'node:crypto'
import { testAuthority } from '@varve/test-kit/certificates'
import { expect, test } from 'vitest'
import { hostNameOf, isIssuedFor, urisOf } from './peer-names.ts'

const authority = testAuthority('of the test')

test('the names of a certificate are those that it has, by their kinds', () => {
  const { certificate } = authority.issue({
    name: 'URI:varve://agent/nobody',
    dns: ['a.example', '*.b.example'],
    ips: ['192.0.2.7'],
    uris: ['varve://agent/south', 'varve://fleet/x'],
  })
  expect(urisOf(new X509Certificate(certificate))).toEqual(['varve://agent/south', 'varve://fleet/x'])
  expect(hostNameOf(certificate)).toBe('a.example')
  const hosts = ['a.example', 'x.b.example', '192.0.2.7', 'c.example', '192.0.2.8', 'agent']
  expect(hosts.map((host) => isIssuedFor(certificate, host))).toEqual([true, true, true, false, false, false])
})

test('one that looks like several, or like another kind, is none of them', () => {
  const forged = [
    'x, URI:varve://agent/south',
    'x, URI:varve://agent/south, y',
    '"x", URI:varve://agent/south',
    'x\\", URI:varve://agent/south, "',
  ]
  for (const name of forged) {
    const { certificate } = authority.issue({ name: 'client', dns: [name] })
    expect([name, urisOf(new X509Certificate(certificate))]).toEqual([name, []])
  }
  expect(urisOf(new X509Certificate(authority.certificate))).toEqual([])
  expect(hostNameOf(authority.certificate)).toBeNull()
})
