import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isAllowedAddress, isSameAddress, isTrustableAddress, ranges } from './address-rules.ts'

/** First and last of each special range, and its neighbours that are public; `-` where the neighbour is special itself. */
const EDGES: readonly (readonly [before: string, first: string, last: string, after: string])[] = [
  ['-', '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['9.255.255.255', '10.0.0.0', '10.255.255.255', '11.0.0.0'],
  ['100.63.255.255', '100.64.0.0', '100.127.255.255', '100.128.0.0'],
  ['126.255.255.255', '127.0.0.0', '127.255.255.255', '128.0.0.0'],
  ['169.253.255.255', '169.254.0.0', '169.254.255.255', '169.255.0.0'],
  ['172.15.255.255', '172.16.0.0', '172.31.255.255', '172.32.0.0'],
  ['191.255.255.255', '192.0.0.0', '192.0.0.255', '192.0.1.0'],
  ['192.0.1.255', '192.0.2.0', '192.0.2.255', '192.0.3.0'],
  ['192.88.98.255', '192.88.99.0', '192.88.99.255', '192.88.100.0'],
  ['192.167.255.255', '192.168.0.0', '192.168.255.255', '192.169.0.0'],
  ['198.17.255.255', '198.18.0.0', '198.19.255.255', '198.20.0.0'],
  ['198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0'],
  ['203.0.112.255', '203.0.113.0', '203.0.113.255', '203.0.114.0'],
  ['223.255.255.255', '224.0.0.0', '239.255.255.255', '-'],
  ['-', '240.0.0.0', '255.255.255.255', '-'],
  ['168.63.129.15', '168.63.129.16', '168.63.129.16', '168.63.129.17'],
  ['-', '::', '1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2000::'],
  ['2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff', '2001:200::'],
  ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '2001:db9::'],
  ['2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2003::'],
  ['3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff', '3fff:1000::'],
  ['3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '4000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '-'],
]

for (const [before, first, last, after] of EDGES) {
  test(`S4: the range from ${first} to ${last} is closed, and its neighbours are open`, () => {
    assert.deepEqual(
      [before, first, last, after].map((address) => address === '-' || isAllowedAddress(address)),
      [true, false, false, true],
    )
  })
}

test('what is no plain address is closed', () => {
  for (const text of ['', 'localhost', '0x5db8d70e', '93.184.215', '93.184.215.14:80', '2606:4700::1111%eth0']) {
    assert.equal(isAllowedAddress(text), false, text)
    assert.equal(isTrustableAddress(text), false, text)
  }
})

test('a public prefix with an IPv4 address in its interface identifier is closed', () => {
  assert.equal(isAllowedAddress('2606:4700::5efe:10.0.0.1'), false)
  assert.equal(isAllowedAddress('2606:4700::200:5efe:10.0.0.1'), false)
  assert.equal(isAllowedAddress('2606:4700::300:5efe:10.0.0.1'), true)
})

test('S7: a range that the operator opens is open, and nothing beside it', () => {
  const opened = ranges('10.1.0.0/16', 'fd12:3456::/32')

  assert.deepEqual(
    ['10.1.255.255', '10.2.0.0', 'fd12:3456::1', 'fd12:3457::1', '127.0.0.1', '93.184.215.14'].map((address) =>
      isAllowedAddress(address, opened),
    ),
    [true, false, true, false, false, true],
  )
})

const METADATA = [
  '169.254.169.254',
  '169.254.170.2',
  '169.254.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fe80::a9fe:a9fe',
  '::ffff:169.254.169.254',
  '::169.254.169.254',
  '::ffff:0:169.254.169.254',
  '64:ff9b::a9fe:a9fe',
  // RFC 6052 with a prefix of 48 bits: the address lies around the ninth byte.
  '64:ff9b:1:a9fe:a9:fe00::',
  '2002:a9fe:a9fe::',
  // Teredo: inverted.
  '2001:0:7f00:1::5601:5601',
  '0.0.0.0',
  '::',
  '224.0.0.1',
  '255.255.255.255',
  'ff02::1',
]

test('S7: a metadata service stays closed, whatever the operator opens or trusts, and however it is written', () => {
  const everything = ranges('0.0.0.0/0', '::/0')

  for (const address of METADATA) {
    assert.equal(isAllowedAddress(address, everything), false, address)
    assert.equal(isTrustableAddress(address), false, address)
  }
  assert.equal(isAllowedAddress('127.0.0.1', everything), true)
  assert.equal(isAllowedAddress('64:ff9b::a00:1', everything), true)
  assert.equal(isTrustableAddress('127.0.0.1'), true)
})

test('a text that is no range stops the start, and is named', () => {
  for (const text of [
    '10.0.0.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    'fd00::/129',
    'fe80::%1/64',
    'example.com/8',
    '010.0.0.0/8',
    '',
  ]) {
    assert.throws(() => ranges('10.0.0.0/8', text), {
      message: new RegExp(`^${text.replaceAll('.', '\\.')} is not a range`),
    })
  }
})

test('two spellings of an address are the same', () => {
  assert.equal(isSameAddress('2606:4700::1111', '2606:4700:0:0:0:0:0:1111'), true)
  assert.equal(isSameAddress('93.184.215.14', '93.184.215.15'), false)
  assert.equal(isSameAddress('93.184.215.14', '::ffff:93.184.215.14'), false)
  assert.equal(isSameAddress('', ''), false)
})
