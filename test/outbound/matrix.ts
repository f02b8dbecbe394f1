import type { FetchRefusal } from '../../src/outbound/refusal.ts'
import type { Answers } from '../support/sinkhole.ts'

/** One hostile URL of the matrix in the list of promises. */
export interface Row {
  readonly row: number
  readonly url: string
  /** What the name in it resolves to, where that is not this machine. */
  readonly answers?: Answers
  /** How it ends. `fetched`: with the public host's own bytes. */
  readonly ends?: FetchRefusal['reason'] | 'fetched'
}

export const PUBLIC_ADDRESS = '93.184.215.14'

/** The ordinary host of the tests: redirects to whatever is asked, also for ever. */
export const PUBLIC_HOST = 'public.example'

export const GATEWAY_HOST = 'gateway.example'

export const MATRIX: readonly Row[] = [
  // Spellings of loopback.
  ...from(1, [
    'http://127.0.0.1',
    'http://127.1',
    'http://127.0.1',
    'http://2130706433',
    'http://0x7f000001',
    'http://0x7f.1',
    'http://0177.0.0.1',
    'http://017700000001',
    'http://0',
    'http://0.0.0.0',
    'http://127.255.255.254',
    'http://localhost',
    'http://LOCALHOST',
    'http://localhost.',
    'http://%6c%6f%63alhost',
    'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ',
  ]),
  // Odd syntax.
  ...from(17, [
    'http://127。0。0。1',
    'http:\\\\127.0.0.1',
    'http:127.0.0.1',
    'http:///127.0.0.1',
    'http://a@127.0.0.1',
    `http://${PUBLIC_HOST}@127.0.0.1`,
    `http://127.0.0.1#@${PUBLIC_HOST}`,
    `http://${PUBLIC_HOST}\\@127.0.0.1`,
    'http://1.1.1.1 &@127.0.0.1',
    'http://127.0.0.1%00.example',
    'http://exa\tmple',
    'http://256.256.256.256',
    'http://127.0.0.1:6379',
  ]),
  // Metadata services.
  ...from(30, [
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166',
    'http://0xa9.0xfe.0xa9.0xfe',
    'http://0251.0376.0251.0376',
    'http://①⑥⑨.②⑤④.①⑥⑨.②⑤④',
    'http://[::ffff:a9fe:a9fe]',
    'http://[0:0:0:0:0:ffff:169.254.169.254]',
    'http://[fd00:ec2::254]',
    'http://169.254.170.2',
    'http://100.100.100.200',
    'http://192.0.0.192',
    'http://168.63.129.16',
    'http://metadata.google.internal',
  ]),
  // IPv6.
  ...from(43, [
    'http://[::1]',
    'http://[::]',
    'http://[::ffff:127.0.0.1]',
    'http://[::ffff:7f00:1]',
    'http://[::127.0.0.1]',
    'http://[::ffff:0:127.0.0.1]',
    'http://[64:ff9b::7f00:1]',
    'http://[64:ff9b:1::a00:1]',
    'http://[2002:7f00:1::]',
    'http://[2001:0:7f00:1::]',
    'http://[fe80::1]',
    'http://[fe80::1%25eth0]',
    'http://[fc00::1]',
    'http://[ff02::1]',
    'http://[100::1]',
    'http://[2001:db8::1]',
  ]),
  // Ranges.
  ...from(59, [
    'http://10.0.0.1',
    'http://172.16.0.1',
    'http://172.31.255.254',
    'http://192.168.0.1',
    'http://100.64.0.1',
    'http://198.18.0.1',
    'http://192.0.2.1',
    'http://224.0.0.1',
    'http://240.0.0.1',
    'http://255.255.255.255',
  ]),
  // Schemes.
  ...from(69, [
    'file:///etc/passwd',
    'gopher://127.0.0.1:70/_',
    'ftp://127.0.0.1/',
    'dict://127.0.0.1:11211/stat',
    'ldap://127.0.0.1/',
    'jar:http://127.0.0.1!/',
    'blob:http://127.0.0.1/1',
    'javascript:fetch(1)',
    'unix:/run/x.sock',
  ]),
  // DNS.
  { row: 78, url: 'http://a-record.example', answers: [['127.0.0.1']] },
  { row: 79, url: 'http://127.0.0.1.nip.example', answers: [['127.0.0.1']] },
  { row: 80, url: 'http://rebinding.example', answers: [[PUBLIC_ADDRESS], ['127.0.0.1']], ends: 'fetched' },
  { row: 81, url: 'http://both.example', answers: [[PUBLIC_ADDRESS, '10.0.0.1']] },
  { row: 82, url: 'http://cname-to-internal.example', answers: [['10.20.30.40']] },
  { row: 83, url: 'http://loopback-in-aaaa.example', answers: [[PUBLIC_ADDRESS, '::1']] },
  { row: 84, url: 'http://mapped-in-aaaa.example', answers: [['::ffff:10.0.0.1']] },
  { row: 85, url: 'http://database', answers: [['172.18.0.2']] },
  { row: 86, url: 'http://endless.example', answers: [Array.from({ length: 4096 }, () => PUBLIC_ADDRESS)] },
  { row: 86, url: 'http://silent.example', answers: 'never', ends: 'timeout' },
  // Redirects.
  { row: 87, url: `http://${PUBLIC_HOST}/302?to=http://127.0.0.1/` },
  { row: 88, url: `http://${PUBLIC_HOST}/302?to=http://169.254.169.254/latest/meta-data/` },
  { row: 89, url: `http://${PUBLIC_HOST}/302?to=file:///etc/passwd` },
  { row: 90, url: `http://${PUBLIC_HOST}/loop`, ends: 'bad_status' },
  { row: 91, url: `http://${PUBLIC_HOST}/hops?left=20`, ends: 'bad_status' },
  { row: 92, url: `https://${PUBLIC_HOST}/302?to=https://${GATEWAY_HOST}/api/v1/models`, ends: 'bad_status' },
]

function from(first: number, urls: readonly string[]): Row[] {
  return urls.map((url, index) => ({ row: first + index, url }))
}
